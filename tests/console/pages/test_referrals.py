"""The page of who brings customers, and the door of the link."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from accounts import referrals, tenants
from accounts.models import Membership, Referral, User
from billing.models import ReferralProgram, ReferralReward
from tests.billing.shop import place, stocked

pytestmark = pytest.mark.django_db
SHOP = {"host": "shop.test"}


@pytest.fixture
def browser(end_user: Membership) -> Client:
    client = Client(HTTP_HOST="shop.test")
    client.force_login(end_user.user)
    return client


@pytest.fixture
def program(end_user: Membership) -> ReferralProgram:
    return ReferralProgram.objects.create(
        tenant=end_user.tenant, referrer_percent=1_000, referred_fixed=200, cap=2_000, least_minor=1_000, wait_days=7, most_rewards=5
    )


def test_without_a_program_there_is_no_page_and_no_link_to_it(browser: Client) -> None:
    assert browser.get("/console/referrals/").status_code == 404
    assert "/console/referrals/" not in browser.get("/console/").content.decode()


def test_the_page_shows_link_terms_and_whom_it_brought(browser: Client, end_user: Membership, program: ReferralProgram) -> None:
    for number, email in enumerate(("zoe@people.test", "bob@people.test", "cid@people.test")):
        member = tenants.join(tenant=end_user.tenant, user=User.objects.create_user(email=email))
        settled = timezone.now() if number else None
        one = Referral.objects.create(referrer=end_user, referred=member, settled_at=settled)
    order = place(stocked(end_user.tenant)).order
    ReferralReward.objects.create(referral=one, member=end_user, order=order, paid_in="credit", currency="CNY", amount=390)
    page = browser.get("/console/referrals/").content.decode()
    assert f"http://shop.test/r/{referrals.code_of(end_user)}/" in page
    assert 'src="data:image/svg+xml' in page
    for told in (
        "You get 10 % (store credit)",
        "They get ¥2.00 (store credit)",
        "At most ¥20.00",
        "worth ¥10.00",
        "7 days",
        "For 5 people",
    ):
        assert told in page
    for told in ("z***", "no purchase yet", "b***", "no reward for this one", "c***", "¥3.90"):
        assert told in page
    assert "zoe" not in page
    assert "/console/referrals/" in browser.get("/console/").content.decode()


def test_the_link_is_remembered_for_this_host_and_leads_to_the_shop(client: Client, end_user: Membership, program: ReferralProgram) -> None:
    code = referrals.code_of(end_user)
    answer = client.get(f"/r/{code}/", headers=SHOP)
    assert (answer.status_code, answer.headers["Location"], answer.headers["Cache-Control"]) == (302, "/", "no-store")
    kept = answer.cookies[referrals.COOKIE]
    assert (kept.value, kept["domain"], kept["httponly"], kept["samesite"]) == (code, "", True, "Lax")


def test_links_that_lead_nowhere_keep_nothing(client: Client, end_user: Membership, stranger: Membership, program: ReferralProgram) -> None:
    code = referrals.code_of(end_user)
    for path, host in (("/r/nobody22/", "shop.test"), (f"/r/{code}/", "elsewhere.test")):
        answer = client.get(path, headers={"host": host})
        assert answer.status_code == 302
        assert referrals.COOKIE not in answer.cookies
    program.is_active = False
    program.save(update_fields=["is_active"])
    assert referrals.COOKIE not in client.get(f"/r/{code}/", headers=SHOP).cookies
