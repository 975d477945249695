"""A program reads its owner's wallet and usage, and redeems a code."""

from __future__ import annotations

import pytest

from accounts import keys
from accounts.models import Membership, User
from billing import codes, ledger, redeem_limits
from foundation.ids import uuid7
from gateway import rollups
from gateway.models import UsageRecord
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db


def test_a_code_is_redeemed_and_stands_in_the_statement(end_user: Membership) -> None:
    issuer, stock = (ledger.account(kind=kind, tenant_id=tenant).pk for kind, tenant in (("issuer", None), ("stock", end_user.tenant_id)))
    ledger.transfer(kind="wholesale", key="more", src_id=issuer, dst_id=stock, amount=5_000_000)
    code = codes.mint(tenant=end_user.tenant, units_micros=5_000_000, count=1, offline=True).codes[0]
    call = program(end_user)
    assert call("POST", "wallet/redeem/", {"code": code}) == (200, {"units_micros": 5_000_000})
    assert call("POST", "wallet/redeem/", {"code": code}) == (200, {"units_micros": 5_000_000})
    assert call("POST", "wallet/redeem/", {"code": "AAAA-BBBB"})[0] == 409
    wrong = {"code": "PPP6A-ZNF8G-N94V8-6BT5P"}  # each attempt counts once, as on the page
    assert [call("POST", "wallet/redeem/", wrong)[0] for _ in range(redeem_limits.PER_PERSON_A_MINUTE + 1)] == [409] * 5 + [429]
    held = {"available_micros": 5_000_000, "held_micros": 0, "expiring_micros": 0, "ending_micros": 0, "ends_at": None}
    assert call("GET", "wallet/")[1] == held
    [own] = call("GET", "wallet/codes/")[1]["results"]
    assert (own["last4"], own["units_micros"], own["state"], own["order"]) == (code[-4:], 5_000_000, "redeemed", None)
    assert call("GET", f"wallet/codes/?before={own['id']}")[1] == {"results": [], "older": None}
    assert call("GET", "wallet/statement/?kind=use")[1]["results"] == []
    assert len(call("GET", "wallet/statement/?kind=redeem&since=2026-01-01")[1]["results"]) == 1
    assert call("GET", "wallet/statement/?until=2026-01-01")[1]["results"] == []
    assert call("GET", "wallet/statement/?kind=moon")[0] == 400
    entries = call("GET", "wallet/statement/")[1]["results"]
    assert [(one["kind"], one["amount_micros"], one["balance_micros"]) for one in entries] == [("redeem", 5_000_000, 5_000_000)]
    assert ledger.balance(membership_id=end_user.pk).available_micros == 5_000_000


def call_of(member: Membership, model: str, price: int) -> None:
    key = keys.issue(membership=member, name="k").key
    UsageRecord.objects.create(
        id=uuid7(), tenant=member.tenant, membership=member, api_key=key, model=model, price_micros=price, channel_id=7, cost_micros=1
    )


def test_usage_is_the_callers_own_and_for_staff_the_shops(end_user: Membership, reseller_owner: Membership, stranger: Membership) -> None:
    for member, price in ((end_user, 30), (reseller_owner, 50), (stranger, 70)):
        call_of(member, "m", price)
    rollups.roll_up()
    mine = program(end_user)("GET", "usage/")[1]["results"]
    assert [one["price_micros"] for one in mine] == [30]
    assert not {"channel_id", "cost_micros", "upstream_model"} & set(mine[0])
    staff = program(reseller_owner)
    assert sorted(one["price_micros"] for one in staff("GET", "usage/")[1]["results"]) == [30, 50]
    assert staff("GET", f"usage/?customer={stranger.pk}")[1]["results"] == []
    summed = staff("GET", "usage/summary/?by=model")[1]["results"]
    assert summed == [{"group": "m", "calls": 2, "input_tokens": 0, "output_tokens": 0, "price_micros": 80}]
    assert program(end_user)("GET", "usage/summary/?by=day")[1]["results"][0]["price_micros"] == 30


def test_what_is_malformed_is_refused(end_user: Membership) -> None:
    call = program(end_user)
    for path in ("usage/?since=yesterday", "usage/summary/?by=moon", "wallet/statement/?limit=0", "keys/?customer=-1", "usage/?key=x"):
        assert call("GET", path)[0] == 400, path


def test_name_and_language_are_set_and_the_own_data_is_read(end_user: Membership) -> None:
    call = program(end_user)
    told = call("PATCH", "me/", {"name": "Ann", "language": "zh-hans"})[1]
    assert (told["name"], told["language"]) == ("Ann", "zh-hans")
    assert call("PATCH", "me/", {"language": "xx"})[0] == 400
    data = call("GET", "me/data/")[1]
    assert (data["person"]["email"], data["person"]["name"], data["orders"]) == ("ann@shop.test", "Ann", [])
    assert program(end_user, scopes=("account:read",))("PATCH", "me/", {"name": "x"})[0] == 403


def test_somebody_is_forgotten_only_with_a_scope_of_its_own_and_their_address(end_user: Membership) -> None:
    body = {"address": "ann@shop.test"}
    status, told = program(end_user, scopes=("account:read", "account:write"))("POST", "me/erase/", body)
    assert (status, "account:erase" in told["error"]["message"]) == (403, True)
    call = program(end_user, scopes=("account:erase",))
    assert call("POST", "me/erase/", {"address": "bob@shop.test"})[1]["error"]["fields"].keys() == {"address"}
    assert (call("POST", "me/erase/", body, idempotency_key="e")[0], User.objects.get(pk=end_user.user_id).email) == (204, None)
    assert call("POST", "me/erase/", body)[0] == 401


def test_the_only_owner_of_a_shop_stays(reseller_owner: Membership) -> None:
    status, told = program(reseller_owner)("POST", "me/erase/", {"address": reseller_owner.user.email})
    assert (status, "only owner" in told["error"]["message"]) == (409, True)


def test_a_wallet_is_watched(end_user: Membership) -> None:
    call = program(end_user)
    assert call("PUT", "wallet/watch/", {"below_micros": 2_500_000}) == (200, {"below_micros": 2_500_000})
    assert call("GET", "wallet/watch/")[1] == {"below_micros": 2_500_000}
    assert call("PUT", "wallet/watch/", {"below_micros": -1})[0] == 400
