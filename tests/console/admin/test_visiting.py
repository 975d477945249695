"""See as customer: from the back office into the console and back, with nothing changed on the way."""

from __future__ import annotations

import datetime

import pytest
from django.test import Client
from django.utils import timezone

from accounts import keys, tenants
from accounts.models import ApiKey, AuditEvent, Membership, SupportVisit, User
from billing import orders
from tests.billing.shop import stocked
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db


def see_as(client: Client, member: Membership, *, site: str = "reseller") -> int:
    answer = client.post(f"/{site}/accounts/membership/{member.pk}/see_as/", {"reason": "ticket 7"})
    return answer.status_code


@pytest.fixture
def visitor(sure_desk: Client, end_user: Membership) -> Client:
    """The shop owner's browser while it sees the customer's console."""
    assert see_as(sure_desk, end_user) == 302
    return sure_desk


def test_the_password_is_asked_for_again_first(desk: Client, end_user: Membership) -> None:
    answer = desk.get(f"/reseller/accounts/membership/{end_user.pk}/see_as/")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/accounts/reauthenticate/")
    assert not SupportVisit.objects.exists()


def test_the_console_is_the_customers_with_a_banner_on_it(visitor: Client, end_user: Membership, reseller_owner: Membership) -> None:
    key = keys.issue(membership=end_user, name="ann's key").key
    for path in ("/console/", "/console/keys/", f"/console/keys/{key.pk}/", "/console/usage/", "/console/calls/", "/console/wallet/"):
        page = visitor.get(path)
        text = page.content.decode()
        assert page.status_code == 200, path
        assert f"{reseller_owner.user}, you see the console of {end_user.user} at Tea House" in text, path
        assert 'action="/visit/end/"' in text, path
        assert "Sign out" not in text, path
    assert "ann&#x27;s key" in visitor.get("/console/keys/").content.decode()
    assert str(end_user.user.email) in visitor.get("/console/profile/").content.decode()


@pytest.mark.parametrize("path", [
    "/console/profile/data.json", "/console/profile/delete/", "/console/tokens/", "/console/wallet/statement.csv", "/console/keys/new/",
    "/accounts/2fa/", "/accounts/2fa/recovery-codes/", "/accounts/email/", "/accounts/sessions/", "/accounts/logout/",
    "/accounts/password/change/", "/reseller/", "/redeem/", "/legal/accept/", "/api/docs/",
])  # fmt: skip
def test_secrets_security_and_other_places_stay_closed(visitor: Client, path: str) -> None:
    page = visitor.get(path)
    assert page.status_code == 403
    assert "not shown while you see the console as a customer" in page.content.decode()


def test_nothing_can_be_sent(visitor: Client, end_user: Membership) -> None:
    key = keys.issue(membership=end_user, name="k").key
    page = visitor.post(f"/console/keys/{key.pk}/revoke/")
    assert page.status_code == 403
    assert "nothing can be changed" in page.content.decode()
    swapped = visitor.post(f"/console/keys/{key.pk}/pause/", headers={"HX-Request": "true"})
    assert (swapped.status_code, swapped.headers["HX-Refresh"]) == (403, "true")
    assert "nothing can be changed" in visitor.get("/console/").content.decode()
    program = visitor.post("/api/v1/keys/", {"name": "x"}, content_type="application/json")
    assert (program.status_code, program.json()["error"]["code"]) == (403, "forbidden")
    assert ApiKey.objects.get().state == "active"


def test_orders_are_listed_without_their_secret_address(visitor: Client, end_user: Membership) -> None:
    order = orders.place(product=stocked(end_user.tenant), buyer=orders.Buyer(membership=end_user, email="ann@shop.test")).order
    page = visitor.get("/console/orders/").content.decode()
    assert order.number in page
    assert 'href="/o/' not in page


def test_a_foreign_key_is_still_nowhere(visitor: Client, stranger: Membership) -> None:
    theirs = keys.issue(membership=stranger, name="theirs").key
    assert visitor.get(f"/console/keys/{theirs.pk}/").status_code == 404


def test_stopping_leads_back_and_gives_the_back_office_back(visitor: Client, end_user: Membership) -> None:
    answer = visitor.post("/visit/end/")
    assert answer.headers["Location"] == f"/reseller/accounts/membership/{end_user.pk}/change/"
    assert visitor.get("/reseller/").status_code == 200
    assert visitor.get(f"/console/keys/{keys.issue(membership=end_user, name='k').key.pk}/").status_code == 404
    assert list(AuditEvent.objects.order_by("pk").values_list("action", flat=True)) == ["membership.visit", "membership.visit_end"]
    assert visitor.post("/visit/end/").headers["Location"] == "/"


def test_its_time_over_the_browser_is_the_staffs_again(visitor: Client) -> None:
    SupportVisit.objects.update(ends_at=timezone.now() - datetime.timedelta(seconds=1))
    page = visitor.get("/reseller/")
    assert page.status_code == 200
    assert "console has ended" in visitor.get("/").content.decode() + page.content.decode()


def test_the_customer_reads_who_looked_and_why(visitor: Client, end_user: Membership, reseller_owner: Membership) -> None:
    User.objects.filter(pk=reseller_owner.user.pk).update(name="Li Wei")
    browser = Client(HTTP_HOST="shop.test")
    browser.force_login(end_user.user)
    page = browser.get("/console/profile/").content.decode()
    assert "Who looked at your account" in page
    assert "Li Wei: ticket 7" in page
    assert str(reseller_owner.user.email) not in page


def test_support_may_and_a_colleagues_console_stays_closed(end_user: Membership, reseller_owner: Membership) -> None:
    user = User.objects.create_user(email="support@shop.test", password=PASSWORD)
    tenants.join(tenant=end_user.tenant, user=user, role="support")
    client = Client(HTTP_HOST="shop.test")
    client.force_login(user)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert see_as(client, reseller_owner) == 302
    assert not SupportVisit.objects.exists()
    assert see_as(client, end_user) == 302
    assert client.get("/console/").context["request"].visit.membership == end_user


def test_the_operator_sees_a_shops_customer_on_the_platforms_host(operator: Client, end_user: Membership) -> None:
    operator.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert see_as(operator, end_user, site="admin") == 302
    page = operator.get("/console/")
    assert page.status_code == 200
    assert "at Tea House" in page.content.decode()
    assert operator.get("/admin/").status_code == 403
    operator.post("/visit/end/")
    assert operator.get("/admin/").status_code == 200
