"""Legal pages are shown in the reader's language; who joins accepts the version that stands."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from accounts import legal
from accounts.models import Acceptance, LegalPage, Membership, Tenant

pytestmark = pytest.mark.django_db
SHOP = {"host": "shop.test"}


@pytest.fixture
def terms(tenant: Tenant) -> LegalPage:
    LegalPage.objects.create(tenant=tenant, kind="terms", language="zh-hans", text="条款")
    return LegalPage.objects.create(tenant=tenant, kind="terms", text="Be <b>kind</b>.")


def test_a_page_is_shown_in_the_readers_language_and_escaped(client: Client, terms: LegalPage) -> None:
    assert "Be &lt;b&gt;kind" in client.get("/legal/terms/", headers=SHOP).content.decode()
    assert "条款" in client.get("/legal/terms/", headers=SHOP | {"accept-language": "zh-hans"}).content.decode()


def test_pages_of_other_shops_and_none_are_404(client: Client, terms: LegalPage, stranger: Membership) -> None:
    assert client.get("/legal/terms/", headers={"host": "elsewhere.test"}).status_code == 404
    assert client.get("/legal/privacy/", headers=SHOP).status_code == 404
    assert client.get("/legal/nonsense/", headers=SHOP).status_code == 404


def test_they_are_linked_where_people_sign_up(client: Client, terms: LegalPage) -> None:
    assert '<a href="/legal/terms/">' in client.get("/accounts/signup/", headers=SHOP).content.decode()


def test_who_joins_accepts_the_version_that_stands(client: Client, terms: LegalPage) -> None:
    client.post("/accounts/signup/", {"email": "new@shop.test", "password1": "a long pass phrase"}, headers=SHOP)
    EmailAddress.objects.update(verified=True)
    client.post("/accounts/login/", {"login": "new@shop.test", "password": "a long pass phrase"}, headers=SHOP)
    accepted = Acceptance.objects.get()
    assert (accepted.kind, accepted.version, accepted.membership.user.email) == ("terms", 1, "new@shop.test")


def test_a_changed_text_is_a_new_version_and_old_acceptances_stay(
    client: Client, terms: LegalPage, end_user: Membership, reseller_owner: Membership
) -> None:
    legal.accept(membership=end_user, language="en")
    client.force_login(reseller_owner.user)
    address = f"/reseller/accounts/legalpage/{terms.pk}/change/"
    client.post(address, {"kind": "terms", "language": "", "text": "Be kinder."}, headers=SHOP)
    client.post(address, {"kind": "terms", "language": "", "text": "Be kinder."}, headers=SHOP)
    terms.refresh_from_db()
    legal.accept(membership=end_user, language="en")
    assert terms.version == 2
    assert list(Acceptance.objects.order_by("pk").values_list("version", flat=True)) == [1, 2]
