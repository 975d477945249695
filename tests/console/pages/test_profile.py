"""A member changes name and language, takes their data along, and is forgotten when they ask."""

from __future__ import annotations

import json

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from accounts import keys
from accounts.models import Membership, User
from billing import ledger

pytestmark = pytest.mark.django_db
SHOP = {"host": "shop.test"}
PASSPHRASE = "correct horse battery"


@pytest.fixture
def ann(client: Client, end_user: Membership) -> Client:
    """Signed in, and asked for the password once more, as deleting asks for."""
    EmailAddress.objects.create(user=end_user.user, email="ann@shop.test", verified=True, primary=True)
    client.post("/accounts/login/", {"login": "ann@shop.test", "password": PASSPHRASE}, headers=SHOP)
    client.post("/accounts/reauthenticate/", {"password": PASSPHRASE}, headers=SHOP)
    return client


def test_name_and_language_are_changed(ann: Client, end_user: Membership) -> None:
    assert ann.post("/console/profile/", {"name": "Ann", "language": "zh-hans"}, headers=SHOP).status_code == 302
    user = User.objects.get(pk=end_user.user.pk)
    assert (user.name, user.language) == ("Ann", "zh-hans")


def test_the_download_holds_their_data_and_no_secret(ann: Client, end_user: Membership, stranger: Membership) -> None:
    secret = keys.issue(membership=end_user, name="phone").secret
    line = ledger.Line(ledger.account(kind="issuer").pk, ledger.wallet(membership_id=end_user.pk).pk, 5_000_000)
    ledger.post(kind="grant", key="gift", lines=[line], tenant_id=end_user.tenant_id)
    answer = ann.get("/console/profile/data.json", headers=SHOP)
    told = json.loads(answer.content)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="my-data.json"'
    assert (told["person"]["email"], told["wallet"]["available_micros"]) == ("ann@shop.test", 5_000_000)
    assert [(one["kind"], one["micros"]) for one in told["statement"]] == [("grant", 5_000_000)]
    assert told["keys"][0]["name"] == "phone"
    assert (told["usage"], told["changes_you_made"], told["staff_who_looked"]) == ([], [], [])
    assert told["referrals"] == {"brought_at": [], "came_by_a_link": False, "rewards": []}
    assert secret not in answer.content.decode()
    assert "elsewhere" not in answer.content.decode()


def test_an_account_is_deleted_after_its_address_was_typed(ann: Client, end_user: Membership) -> None:
    assert ann.post("/console/profile/delete/", {"address": "bob@shop.test"}, headers=SHOP).status_code == 422
    assert User.objects.get(pk=end_user.user.pk).is_active
    assert ann.post("/console/profile/delete/", {"address": "ann@shop.test"}, headers=SHOP).status_code == 302
    assert User.objects.get(pk=end_user.user.pk).email is None
    assert ann.get("/console/", headers=SHOP).status_code == 302


def test_an_old_session_is_asked_for_the_password_first(client: Client, end_user: Membership) -> None:
    client.force_login(end_user.user)
    answer = client.post("/console/profile/delete/", {"address": "ann@shop.test"}, headers=SHOP)
    assert answer.headers["Location"].startswith("/accounts/reauthenticate/")
    assert User.objects.get(pk=end_user.user.pk).is_active
