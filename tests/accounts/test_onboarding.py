"""Somebody applies for a shop, is approved once, and finds a list of what comes first."""

from __future__ import annotations

import pytest
from django.core import mail
from django.test import Client

from accounts import onboarding, tenants
from accounts.models import MailText, Membership, ShopApplication, Tenant
from foundation import notify, outbox

pytestmark = pytest.mark.django_db
PLATFORM = {"host": "platform.test"}


@pytest.fixture
def waiting(root_tenant: Tenant, end_user: Membership) -> ShopApplication:
    return onboarding.apply(seller=root_tenant, applicant=end_user.user, slug="rice", name="Rice Shop")


def test_an_approved_applicant_owns_the_shop(waiting: ShopApplication) -> None:
    shop = onboarding.approve(application=waiting)
    owner = Membership.objects.get(tenant=shop)
    assert (shop.slug, shop.parent, owner.user, owner.role) == ("rice", waiting.seller, waiting.applicant, "owner")
    for decide in (lambda: onboarding.approve(application=waiting), lambda: onboarding.decline(application=waiting, reason="no")):
        with pytest.raises(onboarding.AlreadyDecided):
            decide()
    assert Tenant.objects.filter(slug="rice").count() == 1


def test_one_waits_at_a_time_and_names_are_unique(waiting: ShopApplication) -> None:
    with pytest.raises(onboarding.AlreadyApplied):
        onboarding.apply(seller=waiting.seller, applicant=waiting.applicant, slug="noodle", name="Noodle")
    with pytest.raises(tenants.SlugTaken):
        onboarding.apply(seller=waiting.seller, applicant=waiting.applicant, slug="teahouse", name="Twin")


def test_the_way_from_the_form_to_the_checklist(
    client: Client, platform_admin: Membership, root_tenant: Tenant, end_user: Membership
) -> None:
    member = tenants.join(tenant=root_tenant, user=end_user.user)
    client.force_login(member.user)
    assert client.post("/console/shop/", {"name": "Rice", "slug": "Not a slug"}, headers=PLATFORM).status_code == 422
    assert client.post("/console/shop/", {"name": "Rice", "slug": "rice"}, headers=PLATFORM).status_code == 302
    row = ShopApplication.objects.get()
    outbox.deliver()
    assert [(one.to, one.subject) for one in mail.outbox] == [(["ann@shop.test"], "Your application for Rice came in")]
    assert "http://platform.test/console/shop/" in mail.outbox[0].body
    client.force_login(platform_admin.user)
    client.post(f"/admin/accounts/shopapplication/{row.pk}/approve/", headers=PLATFORM)
    outbox.deliver()
    assert mail.outbox[-1].subject == "Your shop Rice is open"
    assert "http://platform.test/reseller/" in mail.outbox[-1].body
    client.force_login(member.user)
    page = client.get("/reseller/", headers=PLATFORM)
    assert [step.is_done for step in page.context["steps"]] == [False] * 5


def test_an_applicant_reads_the_sellers_own_words(waiting: ShopApplication) -> None:
    MailText.objects.create(
        tenant=waiting.seller, template="application_declined", language="en", subject="No to {{ store }}", body="{{ reason }} – {{ shop }}"
    )
    onboarding.decline(application=waiting, reason="Too early.")
    waiting.refresh_from_db()
    onboarding.tell(waiting, link="")
    outbox.deliver()
    assert (mail.outbox[-1].subject, mail.outbox[-1].body) == ("No to Rice Shop", f"Too early. – {waiting.seller.name}")


@pytest.mark.parametrize(
    ("is_approved", "language", "subject", "says"),
    [
        (True, "en", "Your shop Tea & Co is open", "http://platform.test/reseller/"),
        (False, "en", "Your application for Tea & Co", "declined: Too early."),
        (False, "zh-hans", "您对商店 Tea & Co 的申请", "Too early."),
    ],
)
def test_a_mail_that_waited_since_it_had_its_old_name_still_leaves(
    root_tenant: Tenant, is_approved: bool, language: str, subject: str, says: str
) -> None:
    context = {"name": "Tea & Co", "reason": "Too early.", "is_approved": is_approved, "link": "http://platform.test/reseller/"}
    notify.email(to="ann@shop.test", template="application", context=context, language=language, account=root_tenant.pk)
    outbox.deliver()
    [sent] = mail.outbox
    assert (sent.subject, says in sent.body) == (subject, True)


def test_a_declined_applicant_reads_why(client: Client, platform_admin: Membership, waiting: ShopApplication) -> None:
    client.force_login(platform_admin.user)
    client.post(f"/admin/accounts/shopapplication/{waiting.pk}/decline/", {"reason": "Tell us more."}, headers=PLATFORM)
    outbox.deliver()
    assert "Tell us more." in mail.outbox[-1].body
    assert not Tenant.objects.filter(slug="rice").exists()
