"""Sign-in with another service: each tenant's own app, its secret sealed, and no way into our own network."""

from __future__ import annotations

import urllib.parse
from collections.abc import Generator

import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from accounts import social
from accounts.models import AuditEvent, Membership, SignInApp, Tenant, User
from foundation import outbound
from tests.doubles.openid import OpenIdProvider

pytestmark = pytest.mark.django_db
SHOP = {"host": "shop.test"}
PERSON = {"sub": "4711", "email": "Wang@corp.example", "email_verified": True, "name": "Wang"}


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Generator[OpenIdProvider, None, None]:
    monkeypatch.setattr(outbound, "is_public", lambda address: True)
    with OpenIdProvider(PERSON) as started:
        yield started


def app(tenant: Tenant, url: str) -> SignInApp:
    kept = {"tenant": tenant.pk, "sealed": social.seal("app-secret"), "server_url": url}
    row: SignInApp = SignInApp.objects.create(
        provider="openid_connect", provider_id=f"oidc-{tenant.pk}", name="Corp", client_id="client-1", settings=kept
    )
    return row


def test_somebody_signs_up_with_the_shops_openid_provider(client: Client, tenant: Tenant, provider: OpenIdProvider) -> None:
    row = app(tenant, provider.url)
    page = client.get("/accounts/login/", headers=SHOP)
    assert provider.url in page.headers["Content-Security-Policy"]
    path = f"/accounts/oidc/{row.provider_id}/login/"
    assert path in page.content.decode()
    begun = client.post(path, headers=SHOP)
    leads_to = urllib.parse.urlsplit(begun.headers["Location"])
    asked = dict(urllib.parse.parse_qsl(leads_to.query))
    assert (leads_to.path, asked["client_id"]) == ("/authorize", "client-1")
    assert asked["redirect_uri"] == f"http://shop.test{path}callback/"
    done = client.get(f"{path}callback/?code=code-1&state={asked['state']}", headers=SHOP)
    assert (done.status_code, done.headers["Location"]) == (302, "/console/")
    assert "app-secret" in str(provider.asked[0]) or provider.asked[0]["authorization"].startswith("Basic ")
    member = Membership.objects.get(tenant=tenant)
    assert (member.user.email, member.role) == ("wang@corp.example", "customer")
    assert SocialAccount.objects.get().uid == "4711"


def test_an_app_serves_no_other_shop(client: Client, tenant: Tenant, stranger: Membership, provider: OpenIdProvider) -> None:
    row = app(stranger.tenant, provider.url)
    assert row.provider_id not in client.get("/accounts/login/", headers=SHOP).content.decode()
    assert client.post(f"/accounts/oidc/{row.provider_id}/login/", headers=SHOP).status_code == 404
    assert not User.objects.filter(email="wang@corp.example").exists()


def test_an_address_inside_is_not_called(tenant: Tenant) -> None:
    with social.session() as session, pytest.raises(requests.ConnectionError, match="private network"):
        session.get("http://127.0.0.1:1/.well-known/openid-configuration")


def test_a_secret_is_kept_sealed_and_shown_to_nobody(client: Client, tenant: Tenant, reseller_owner: Membership) -> None:
    client.force_login(reseller_owner.user)
    form = {"provider": "github", "name": "GitHub", "client_id": "abc", "client_secret": "hush-hush"}
    assert client.post("/reseller/accounts/signinapp/add/", form, headers=SHOP).status_code == 302
    row = SignInApp.objects.get()
    assert row.secret == ""
    assert "hush-hush" not in str(row.settings)
    assert social.usable([row], tenant=tenant)[0].secret == "hush-hush"
    page = client.get(f"/reseller/accounts/signinapp/{row.pk}/change/", headers=SHOP).content.decode()
    assert "hush-hush" not in page
    assert "sealed" not in str(AuditEvent.objects.get().after)
    assert client.post("/reseller/accounts/signinapp/add/", form, headers=SHOP).context["adminform"].form.errors["provider"]
    inner = form | {"provider": "openid_connect", "server_url": "http://169.254.169.254/"}
    assert client.post("/reseller/accounts/signinapp/add/", inner, headers=SHOP).context["adminform"].form.errors["server_url"]


@pytest.mark.parametrize("provider", [name for name in social.SERVICES if name != "openid_connect"])
def test_each_service_can_be_begun(client: Client, tenant: Tenant, provider: str) -> None:
    kept = {"tenant": tenant.pk, "sealed": social.seal("1:token")}
    SignInApp.objects.create(provider=provider, name=provider, client_id="1", settings=kept)
    answer = client.post(f"/accounts/{provider}/login/", headers=SHOP)
    assert answer.status_code == 302
    leads_to = urllib.parse.urlsplit(answer.headers["Location"])
    assert f"{leads_to.scheme}://{leads_to.netloc}" in social.origins(tenant)
