"""Legal pages are shown in the reader's language; who joins accepts the version that stands."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from accounts import legal
from accounts.models import Acceptance, ApiKey, LegalPage, Membership, Tenant

pytestmark = pytest.mark.django_db
SHOP = {"host": "shop.test"}


@pytest.fixture
def terms(tenant: Tenant) -> LegalPage:
    LegalPage.objects.create(tenant=tenant, kind="terms", language="zh-hans", text="条款")
    return LegalPage.objects.create(tenant=tenant, kind="terms", text="Be <b>kind</b>.")


def test_a_page_is_shown_in_the_readers_language_and_escaped(client: Client, terms: LegalPage) -> None:
    assert "Be &lt;b&gt;kind" in client.get("/legal/terms/", headers=SHOP).content.decode()
    assert "条款" in client.get("/legal/terms/", headers=SHOP | {"accept-language": "zh-hans"}).content.decode()


@pytest.mark.parametrize(("own", "text"), [("zh-hans", "条款"), ("zh-hant", "條款")])
def test_who_reads_another_language_sees_the_shops_own(client: Client, tenant: Tenant, end_user: Membership, own: str, text: str) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(language=own)
    for language, said in (("zh-hans", "条款"), ("zh-hant", "條款")):
        LegalPage.objects.create(tenant=tenant, kind="terms", language=language, text=said)
    assert text in client.get("/legal/terms/", headers=SHOP | {"accept-language": "en"}).content.decode()
    end_user.tenant.language = own
    assert [page.text for page in legal.unaccepted(membership=end_user, language="en")] == [text]


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


def test_changed_terms_are_asked_for_at_the_next_visit(client: Client, end_user: Membership, terms: LegalPage) -> None:
    legal.accept(membership=end_user, language="en")
    client.force_login(end_user.user)
    assert client.get("/console/keys/?state=active", headers=SHOP).status_code == 200
    legal.renew(terms)
    answer = client.get("/console/keys/?state=active", headers=SHOP)
    assert (answer.status_code, answer["Location"]) == (302, "/legal/accept/?next=%2Fconsole%2Fkeys%2F%3Fstate%3Dactive")
    assert "Be &lt;b&gt;kind" in client.get(answer["Location"], headers=SHOP).content.decode()
    seen = {"next": "/console/keys/?state=active", "seen": f"{terms.pk}:2"}
    back = client.post("/legal/accept/", seen, headers=SHOP)
    assert (back.status_code, back["Location"]) == (302, "/console/keys/?state=active")
    assert client.get("/console/keys/", headers=SHOP).status_code == 200
    assert list(end_user.acceptances.order_by("pk").values_list("language", "version")) == [("", 1), ("", 2)]


def test_what_changed_while_it_was_read_is_shown_again(client: Client, end_user: Membership, terms: LegalPage) -> None:
    client.force_login(end_user.user)
    legal.renew(terms)
    assert client.post("/legal/accept/", {"seen": f"{terms.pk}:1"}, headers=SHOP).status_code == 200
    assert not end_user.acceptances.exists()


def test_the_version_of_another_language_counts(end_user: Membership, terms: LegalPage) -> None:
    legal.accept(membership=end_user, language="zh-hans")
    assert legal.unaccepted(membership=end_user, language="en") == []
    legal.renew(LegalPage.objects.get(language="zh-hans"))
    assert legal.unaccepted(membership=end_user, language="en") == [terms]


def test_ones_own_data_typed_forms_and_staff_are_not_held_up(
    client: Client, end_user: Membership, reseller_owner: Membership, terms: LegalPage
) -> None:
    client.force_login(end_user.user)
    assert client.get("/console/profile/", headers=SHOP).status_code == 200
    assert client.get("/console/profile/data.json", headers=SHOP).status_code == 200
    assert client.post("/console/keys/new/", {"name": "laptop", "nonce": "1" * 32}, headers=SHOP).status_code == 200
    assert ApiKey.objects.get().name == "laptop"
    assert client.get("/console/", headers=SHOP).status_code == 302
    client.force_login(reseller_owner.user)
    assert client.get("/console/", headers=SHOP).status_code == 200


def test_accepting_leads_to_no_other_host(client: Client, end_user: Membership, stranger: Membership, terms: LegalPage) -> None:
    client.force_login(end_user.user)
    seen = {"next": "https://evil.test/", "seen": f"{terms.pk}:1"}
    assert client.post("/legal/accept/", seen, headers=SHOP)["Location"] == "/console/"
    client.force_login(stranger.user)
    assert client.get("/legal/accept/", headers=SHOP).status_code == 404
