"""Staff run their shop over the API; the platform's staff open and suspend shops."""

from __future__ import annotations

import pytest

from accounts import invitations
from accounts.models import AuditEvent, Membership, Tenant
from accounts.tasks import TELL_MEMBERS
from foundation.models import OutboxMessage
from tests.billing.shop import bought_from, key_product
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db


def test_customers_are_listed_changed_and_blocked(end_user: Membership, reseller_owner: Membership, stranger: Membership) -> None:
    call = program(reseller_owner)
    listed = call("GET", "customers/?role=customer")[1]["results"]
    assert [(one["id"], one["email"]) for one in listed] == [(end_user.pk, "ann@shop.test")]
    status, told = call("PATCH", f"customers/{end_user.pk}/", {"group": "vip", "state": "blocked"})
    assert (status, told["group"], told["state"], told["wallet"]["available_micros"]) == (200, "vip", "blocked", 0)
    event = AuditEvent.objects.get()
    assert (event.before, event.after) == ({"group": "default", "state": "active"}, {"group": "vip", "state": "blocked"})
    assert call("PATCH", f"customers/{reseller_owner.pk}/", {"state": "blocked"})[0] == 409
    for method in ("GET", "PATCH"):
        assert call(method, f"customers/{stranger.pk}/", {} if method == "PATCH" else None)[0] == 404


def test_wallets_of_ready_keys_are_no_customers(end_user: Membership, reseller_owner: Membership) -> None:
    bought_from(key_product(end_user.tenant))
    call = program(reseller_owner)
    assert [one["id"] for one in call("GET", "customers/?role=customer")[1]["results"]] == [end_user.pk]
    nobody = Membership.objects.exclude(ready_key=None).get()
    assert [one["id"] for one in call("GET", "customers/?ready_keys=only")[1]["results"]] == [nobody.pk]
    assert nobody.pk in [one["id"] for one in call("GET", "customers/?ready_keys=all&role=customer")[1]["results"]]
    assert call("GET", f"customers/{nobody.pk}/")[0] == 200


def test_an_invitation_over_the_api_lets_in(tenant: Tenant, end_user: Membership, reseller_owner: Membership) -> None:
    status, made = program(reseller_owner)("POST", "invitations/", {"email": "ann@shop.test", "role": "support"})
    assert status == 201
    assert invitations.accept(tenant=tenant, token=made["token"], user=end_user.user).role == "support"
    Membership.objects.filter(pk=reseller_owner.pk).update(role="manager")
    assert program(reseller_owner)("POST", "invitations/", {"email": "x@shop.test", "role": "owner"})[0] == 403


def test_the_trail_is_the_shops_own(reseller_owner: Membership, stranger: Membership) -> None:
    program(reseller_owner)("POST", "invitations/", {})
    assert [one["action"] for one in program(reseller_owner)("GET", "audit/")[1]["results"]] == ["invitation.invite"]
    assert program(stranger, host="elsewhere.test")("GET", "audit/")[1]["results"] == []


def test_the_platform_opens_and_suspends_shops(platform_admin: Membership, reseller_owner: Membership) -> None:
    call = program(platform_admin, host="platform.test")
    status, made = call("POST", "tenants/", {"slug": "new-shop", "name": "New"})
    assert (status, made["state"], made["seller"]) == (201, "open", "platform")
    assert call("POST", "tenants/", {"slug": "new-shop", "name": "Twin"})[0] == 409
    assert call("POST", f"tenants/{made['id']}/suspend/")[1]["state"] == "suspended"
    assert call("POST", f"tenants/{made['id']}/close/")[1]["state"] == "closed"
    assert call("POST", f"tenants/{made['id']}/reopen/")[1]["state"] == "open"
    told = OutboxMessage.objects.filter(topic=TELL_MEMBERS).values_list("payload", flat=True)
    assert list(told) == [{"tenant": made["id"]}] * 3
    below = call("POST", "tenants/", {"slug": "below", "name": "Below", "seller": "new-shop", "currency": "USD", "zone": "Asia/Shanghai"})[
        1
    ]
    assert (below["seller"], below["currency"], below["zone"]) == ("new-shop", "USD", "Asia/Shanghai")
    assert call("POST", "tenants/", {"slug": "lost", "name": "Lost", "seller": "nobody"})[0] == 404
    path = f"tenants/{below['id']}/"
    changed = call("PATCH", path, {"currency": "EUR", "may_bring_channels": False, "colour": "#AABBCC", "address_days": 3})[1]
    assert (changed["currency"], changed["may_bring_channels"], changed["colour"], changed["address_days"]) == ("EUR", False, "#aabbcc", 3)
    assert list(call("PATCH", path, {"address_days": 10_000})[1]["error"]["fields"]) == ["address_days"]
    assert program(reseller_owner)("PATCH", path, {"name": "x"})[0] == 404
    root = Tenant.objects.get(parent=None)
    assert call("POST", f"tenants/{root.pk}/suspend/")[0] == 409
    assert program(reseller_owner)("GET", "tenants/")[0] == 404
    assert program(reseller_owner)("POST", f"tenants/{made['id']}/suspend/")[0] == 404


def test_who_waits_is_let_in_and_told(end_user: Membership, reseller_owner: Membership) -> None:
    Membership.objects.filter(pk=end_user.pk).update(state="waiting")
    assert program(reseller_owner)("PATCH", f"customers/{end_user.pk}/", {"state": "active"})[1]["state"] == "active"
    assert [one.payload["to"] for one in OutboxMessage.objects.all()] == ["ann@shop.test"]


def test_only_an_owner_gives_roles_and_never_their_own(end_user: Membership, reseller_owner: Membership) -> None:
    call = program(reseller_owner)
    assert call("PATCH", f"customers/{end_user.pk}/", {"role": "support"})[1]["role"] == "support"
    assert list(call("PATCH", f"customers/{reseller_owner.pk}/", {"role": "customer"})[1]["error"]["fields"]) == ["role"]
    Membership.objects.filter(pk=reseller_owner.pk).update(role="manager")
    assert program(reseller_owner)("PATCH", f"customers/{end_user.pk}/", {"role": "owner"})[0] == 403
    end_user.refresh_from_db()
    assert end_user.role == "support"


def test_store_credit_is_given_once_per_key(end_user: Membership, reseller_owner: Membership, stranger: Membership) -> None:
    body = {"amount_minor": 500, "reason": "sorry"}
    call = program(reseller_owner)
    answers = [call("POST", f"customers/{end_user.pk}/credit/", body, idempotency_key="gift") for _ in range(2)]
    assert [(status, told["credit_minor"]) for status, told in answers] == [(200, 500)] * 2
    assert program(stranger, host="elsewhere.test")("POST", f"customers/{end_user.pk}/credit/", body)[0] == 404


def test_an_invitation_is_mailed_and_withdrawn(tenant: Tenant, end_user: Membership, reseller_owner: Membership) -> None:
    call = program(reseller_owner)
    made = call("POST", "invitations/", {"email": "guest@people.test"})[1]
    assert [one.payload["to"] for one in OutboxMessage.objects.all()] == ["guest@people.test"]
    assert call("POST", f"invitations/{made['id']}/withdraw/")[0] == 200
    with pytest.raises(invitations.InvitationEnded):
        invitations.accept(tenant=tenant, token=made["token"], user=end_user.user)
