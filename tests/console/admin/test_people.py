"""Memberships in the back office."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import AuditEvent, Membership
from tests.billing.shop import bought_from, key_product

pytestmark = pytest.mark.django_db


def _change(client: Client, membership: Membership, **fields: str) -> object:
    data = {"role": membership.role, "group": membership.group, "note": membership.note} | fields
    return client.post(f"/reseller/accounts/membership/{membership.pk}/change/", data).context


def test_role_group_and_note_can_be_changed_and_nothing_of_the_person(desk: Client, end_user: Membership) -> None:
    _change(desk, end_user, role="support", group="vip", note="nice", email="evil@shop.test", user="1", username="evil")
    end_user.refresh_from_db()
    assert (end_user.role, end_user.group, end_user.note, end_user.username) == ("support", "vip", "nice", None)
    assert end_user.user.email == "ann@shop.test"
    event = AuditEvent.objects.get()
    assert event.before == {"role": "customer", "group": "default", "note": ""}
    assert event.after == {"role": "support", "group": "vip", "note": "nice"}


def test_a_manager_gives_no_roles(end_user: Membership, reseller_owner: Membership) -> None:
    Membership.objects.filter(pk=reseller_owner.pk).update(role=Membership.Role.MANAGER)
    client = Client(HTTP_HOST="shop.test")
    client.force_login(reseller_owner.user)
    _change(client, end_user, role="owner")
    end_user.refresh_from_db()
    assert end_user.role == "customer"


def test_nobody_changes_their_own_role(desk: Client, reseller_owner: Membership) -> None:
    _change(desk, reseller_owner, role="customer")
    reseller_owner.refresh_from_db()
    assert reseller_owner.role == "owner"


def test_wallets_of_ready_keys_are_no_customers(desk: Client, end_user: Membership) -> None:
    bought_from(key_product(end_user.tenant))
    nobody = Membership.objects.exclude(ready_key=None).get()

    def listed(query: str = "") -> set[int]:
        page = desk.get(f"/reseller/accounts/membership/{query}")
        return {row.pk for row in page.context["cl"].queryset}

    assert nobody.pk not in listed()
    assert end_user.pk in listed()
    assert listed("?ready_keys=only") == {nobody.pk}
    assert listed("?ready_keys=all") == listed() | {nobody.pk}
    assert desk.get(f"/reseller/accounts/membership/{nobody.pk}/change/").status_code == 200


def test_people_are_listed_for_the_platform_alone(desk: Client, operator: Client, end_user: Membership) -> None:
    assert desk.get("/reseller/accounts/user/").status_code == 404
    page = operator.get(f"/admin/accounts/user/{end_user.user_id}/change/")
    assert page.status_code == 200
    assert set(page.context["adminform"].form.fields) == {"name", "language", "is_active"}
