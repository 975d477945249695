"""Codes over the API: minted against the stock, exported with a trail, frozen, revoked; none of strangers."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from accounts.models import AuditEvent, Membership
from billing import catalogue, codes, ledger, tasks
from billing.models import Code, CodeBatch
from tests.billing.shop import stocked
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db


def fill(member: Membership, micros: int) -> None:
    issuer, stock = ledger.account(kind="issuer"), ledger.account(kind="stock", tenant_id=member.tenant_id)
    ledger.transfer(kind="wholesale", key=f"more {micros}", src_id=issuer.pk, dst_id=stock.pk, amount=micros)


def test_codes_are_minted_once_exported_frozen_and_revoked(reseller_owner: Membership, end_user: Membership) -> None:
    fill(reseller_owner, 5_000_000)
    call = program(reseller_owner)
    body = {"units_micros": 1_000_000, "count": 3, "note": "for the fair", "valid_days": 30}
    status, made = call("POST", "code-batches/", body, idempotency_key="fair")
    assert call("POST", "code-batches/", body, idempotency_key="fair") == (status, made)
    assert (status, made["count"], made["is_offline"], made["states"]["available"], len(made["codes"])) == (201, 3, True, 3, 3)
    assert ledger.balance_of(ledger.account(kind="stock", tenant_id=reseller_owner.tenant_id)) == 2_000_000
    codes.redeem(membership=end_user, code=made["codes"][0])
    batch = f"code-batches/{made['id']}/"
    told = call("GET", batch)[1]
    assert (told["states"]["available"], told["states"]["redeemed"], "codes" in told) == (2, 1, False)
    assert [one["code"] for one in call("POST", f"{batch}export/", {})[1]["codes"]] == made["codes"][1:]
    assert [one["code"] for one in call("POST", f"{batch}export/", {"which": "all"})[1]["codes"]] == made["codes"]
    assert call("POST", f"{batch}freeze/", {"reason": "leak"})[1]["states"]["frozen"] == 2
    assert call("POST", f"{batch}unfreeze/", {"reason": "found"})[1]["states"]["available"] == 2
    status, anew = call("POST", f"{batch}reissue/", {"reason": "leak"})
    assert (status, anew["states"]["available"], call("GET", batch)[1]["states"]["revoked"]) == (201, 2, 2)
    batch = f"code-batches/{anew['id']}/"
    assert call("POST", f"{batch}revoke/", {"reason": "over"})[1]["states"]["revoked"] == 2
    assert call("POST", f"{batch}reissue/", {"reason": "leak"})[0] == 409
    assert ledger.balance_of(ledger.account(kind="stock", tenant_id=reseller_owner.tenant_id)) == 4_000_000
    trail = [(one.action, one.after.get("codes")) for one in AuditEvent.objects.filter(action__startswith="codebatch").order_by("pk")]
    assert trail == [
        ("codebatch.mint", None), ("codebatch.export", 2), ("codebatch.export", 3),
        ("codebatch.freeze", 2), ("codebatch.unfreeze", 2), ("codebatch.reissue", 2), ("codebatch.revoke", 2),
    ]  # fmt: skip


def test_a_large_batch_is_shown_only_by_export(reseller_owner: Membership) -> None:
    fill(reseller_owner, 201)
    call = program(reseller_owner)
    made = call("POST", "code-batches/", {"units_micros": 1, "count": 201})[1]
    assert (made["codes"], len(call("POST", f"code-batches/{made['id']}/export/", {})[1]["codes"])) == ([], 201)


def test_a_batch_of_thousands_is_made_by_a_worker_and_read_until_it_is_there(
    reseller_owner: Membership, django_capture_on_commit_callbacks: Any
) -> None:
    fill(reseller_owner, 2_500)
    call = program(reseller_owner)
    body = {"units_micros": 1, "count": 2_500}
    with django_capture_on_commit_callbacks() as woken:
        status, made = call("POST", "code-batches/", body, idempotency_key="big")
        assert call("POST", "code-batches/", body, idempotency_key="big") == (202, made)
    assert (status, made["count"], made["made"], made["codes"], len(woken)) == (202, 2_500, 1_000, [], 1)
    batch = f"code-batches/{made['id']}/"
    told = call("POST", f"{batch}export/", {})[1]["error"]
    assert (told["code"], "still being minted" in told["message"]) == ("refused", True)
    assert tasks.mint_codes(made["id"]) == "1500 codes"
    assert (call("GET", batch)[1]["made"], len(call("POST", f"{batch}export/", {})[1]["codes"])) == (2_500, 2_500)


def test_a_promo_code_is_offered_once_and_redeemed(reseller_owner: Membership, end_user: Membership) -> None:
    fill(reseller_owner, 3_000_000)
    call = program(reseller_owner)
    body = {"text": "HELLO-2026", "units_micros": 1_000_000, "uses": 3, "valid_days": 30, "new_only": True}
    status, made = call("POST", "code-batches/promo/", body, idempotency_key="p")
    assert call("POST", "code-batches/promo/", body, idempotency_key="p") == (status, made)
    assert (status, made["promo_code"], made["count"], made["made"], made["new_only"]) == (201, "HELLO-2026", 3, 3, True)
    codes.redeem(membership=end_user, code="hello-2026")
    found = call("GET", "code-batches/?promo_code=HELLO-2026")[1]["results"]
    assert [(one["id"], one["states"]["redeemed"], one["states"]["available"]) for one in found] == [(made["id"], 1, 2)]
    assert call("POST", "code-batches/promo/", body)[1]["error"]["fields"].keys() == {"text"}
    assert call("POST", "code-batches/promo/", {**body, "text": "OTHER-2026"})[1]["error"]["fields"].keys() == {"uses"}
    assert [one.action for one in AuditEvent.objects.all()] == ["codebatch.promo"]


def test_codes_of_another_system_are_taken_over_and_known_ones_left_out(reseller_owner: Membership, end_user: Membership) -> None:
    fill(reseller_owner, 2_000_000)
    call = program(reseller_owner)
    texts = ["0123456789abcdef", "fedcba9876543210"]
    status, told = call("POST", "code-batches/import/", {"codes": texts, "units_micros": 1_000_000})
    assert (status, told["known"], told["batch"]["count"], told["batch"]["is_imported"]) == (201, 0, 2, True)
    codes.redeem(membership=end_user, code=texts[0])
    assert call("POST", "code-batches/import/", {"codes": texts, "units_micros": 1_000_000}) == (200, {"batch": None, "known": 2})
    assert call("POST", "code-batches/import/", {"codes": ["short"], "units_micros": 1})[1]["error"]["fields"].keys() == {"codes"}
    assert call("POST", f"code-batches/{told['batch']['id']}/export/", {})[1]["error"]["code"] == "refused"


def test_plain_codes_leave_only_with_a_scope_of_their_own(reseller_owner: Membership) -> None:
    fill(reseller_owner, 1)
    batch = codes.mint(tenant=reseller_owner.tenant, units_micros=1, count=1, offline=True).batch
    call = program(reseller_owner, scopes=("codes:read", "codes:write"))
    status, told = call("POST", f"code-batches/{batch.pk}/export/", {})
    assert (status, told["error"]["message"]) == (403, "The token lacks the scope codes:export: make one that has it.")
    assert program(reseller_owner, scopes=("codes:export",))("POST", f"code-batches/{batch.pk}/export/", {})[0] == 200


def test_what_the_stock_does_not_cover_is_not_minted(reseller_owner: Membership) -> None:
    call = program(reseller_owner)
    status, told = call("POST", "code-batches/", {"units_micros": 1_000_000, "count": 1})
    assert (status, told["error"]["code"], CodeBatch.objects.count()) == (409, "refused", 0)
    assert "$" in told["error"]["message"]
    assert call("POST", "code-batches/", {"count": 1})[1]["error"]["fields"].keys() == {"units_micros"}


def test_single_codes_are_found_by_their_last_four(reseller_owner: Membership) -> None:
    product = stocked(reseller_owner.tenant, count=2)
    code = Code.objects.earliest("pk")
    call = program(reseller_owner)
    found = call("GET", f"codes/?last4={code.last4}")[1]["results"]
    assert [(one["id"], one["state"], one["redeemed_by"]) for one in found] == [(code.pk, "available", None)]
    assert not {"digest", "code", "salt"} & set(found[0])
    assert len(call("GET", "codes/?state=available")[1]["results"]) == 2
    assert [one["product"] for one in call("GET", f"code-batches/?product={product.pk}")[1]["results"]] == [product.pk]


def test_nothing_of_strangers_and_support_only_looks(reseller_owner: Membership, stranger: Membership) -> None:
    fill(stranger, 10)
    batch = codes.mint(tenant=stranger.tenant, units_micros=1, count=1, offline=True).batch
    theirs = catalogue.add_product(tenant=stranger.tenant, name="t", units_micros=1, price_minor=1, currency="CNY")
    call = program(reseller_owner)
    for act in ("export", "freeze", "unfreeze", "reissue", "revoke"):
        assert call("POST", f"code-batches/{batch.pk}/{act}/", {"reason": "x"})[0] == 404
    assert [call("GET", path)[0] for path in (f"code-batches/{batch.pk}/", f"codes/{batch.codes.get().pk}/")] == [404, 404]
    assert call("POST", "code-batches/", {"product": theirs.pk, "count": 1})[0] == 404
    fill(reseller_owner, 20)
    own = codes.mint(tenant=reseller_owner.tenant, units_micros=1, count=1, offline=True, redeem_by=timezone.now()).batch
    Membership.objects.filter(pk=reseller_owner.pk).update(role="support")
    support = program(reseller_owner)
    assert support("GET", f"code-batches/{own.pk}/")[0] == 200
    assert [support("POST", f"code-batches/{own.pk}/{act}/", {"reason": "x"})[0] for act in ("export", "revoke")] == [404, 404]
