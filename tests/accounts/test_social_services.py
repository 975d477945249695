"""Each sign-in service, spoken to in its own words, from the button to the membership; and what it refuses."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import urllib.parse
from collections.abc import Iterator

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.dingtalk.views import DingTalkOAuth2Adapter
from allauth.socialaccount.providers.feishu.client import FeishuOAuth2Client
from allauth.socialaccount.providers.feishu.views import FeishuOAuth2Adapter
from allauth.socialaccount.providers.github.views import GitHubOAuth2Adapter
from allauth.socialaccount.providers.google.views import GoogleOAuth2Adapter
from allauth.socialaccount.providers.weixin.views import WeixinOAuth2Adapter
from django.test import Client, RequestFactory
from pytest_django import Settings

from accounts import captcha, referrals, social
from accounts.models import Membership, Referral, SignInApp, Tenant, User
from foundation import outbound
from tests.accounts.test_captcha import answer
from tests.doubles.sign_in import CLIENT, CODE, WORDS, SignInServices

pytestmark = pytest.mark.django_db
SHOP = {"host": "shop.test"}
BOT = "123456:bot-token"
# Which addresses of the services lead to the double.
PLACES = [
    (GitHubOAuth2Adapter, "access_token_url", "github/login/oauth/access_token"),
    (GitHubOAuth2Adapter, "profile_url", "github/user"),
    (GitHubOAuth2Adapter, "emails_url", "github/user/emails"),
    (GoogleOAuth2Adapter, "access_token_url", "google/token"),
    (FeishuOAuth2Adapter, "access_token_url", "feishu/authen/v1/access_token"),
    (FeishuOAuth2Adapter, "user_info_url", "feishu/authen/v1/user_info"),
    (FeishuOAuth2Client, "app_access_token_url", "feishu/auth/v3/app_access_token/internal/"),
    (DingTalkOAuth2Adapter, "access_token_url", "dingtalk/v1.0/oauth2/userAccessToken"),
    (DingTalkOAuth2Adapter, "profile_url", "dingtalk/v1.0/contact/users/me"),
    (WeixinOAuth2Adapter, "access_token_url", "weixin/sns/oauth2/access_token"),
    (WeixinOAuth2Adapter, "profile_url", "weixin/sns/userinfo"),
]
# Where each asks people, how it names the client there and the code on the way back, and who it says it was.
SERVICES = {
    "github": ("github.com/login/oauth/authorize", "client_id", "code", "583231"),
    "google": ("accounts.google.com/o/oauth2/v2/auth", "client_id", "code", "110169484474386276334"),
    "feishu": ("open.feishu.cn/open-apis/authen/v1/index", "app_id", "code", "ou-583231"),
    "dingtalk": ("login.dingtalk.com/oauth2/auth", "client_id", "authCode", "ding-583231"),
    "weixin": ("open.weixin.qq.com/connect/qrconnect", "appid", "code", "o-583231"),
}
SAY_THE_ADDRESS = ("google", "github")


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Iterator[SignInServices]:
    monkeypatch.setattr(outbound, "is_public", lambda address: True)
    with SignInServices() as started:
        for owner, name, path in PLACES:
            monkeypatch.setattr(owner, name, f"{started.url}/{path}")
        yield started


def app(tenant: Tenant, provider: str, secret: str = WORDS) -> None:
    SignInApp.objects.create(
        provider=provider, name=provider, client_id=CLIENT, settings={"tenant": tenant.pk, "sealed": social.seal(secret)}
    )


def begin(client: Client, provider: str) -> tuple[str, dict[str, str]]:
    leads_to = urllib.parse.urlsplit(client.post(f"/accounts/{provider}/login/", headers=SHOP).headers["Location"])
    return f"{leads_to.netloc}{leads_to.path}", dict(urllib.parse.parse_qsl(leads_to.query))


def come_back(client: Client, provider: str, state: str, *, code: str = CODE) -> str:
    query = urllib.parse.urlencode({SERVICES[provider][2]: code, "state": state})
    answer = client.get(f"/accounts/{provider}/login/callback/?{query}", headers=SHOP)
    return answer.headers.get("Location", "") or answer.content.decode()


def confirm(client: Client, tenant: Tenant, email: str = "ming@people.test") -> Membership:
    """Give the address that the service did not say, and open the mail."""
    assert client.get("/accounts/3rdparty/signup/", headers=SHOP).status_code == 200
    client.post("/accounts/3rdparty/signup/", {"email": email}, headers=SHOP)
    address = EmailAddress.objects.get(user__email=email)
    client.post(f"/accounts/confirm-email/{EmailConfirmationHMAC(address).key}/", headers=SHOP)
    return Membership.objects.get(tenant=tenant, user__email=email)


@pytest.mark.parametrize("provider", SERVICES)
def test_from_the_button_to_the_membership(client: Client, tenant: Tenant, services: SignInServices, provider: str) -> None:
    app(tenant, provider)
    place, named, _code, uid = SERVICES[provider]
    leads_to, asked = begin(client, provider)
    assert (leads_to, asked[named]) == (place, CLIENT)
    assert asked["redirect_uri"] == f"http://shop.test/accounts/{provider}/login/callback/"
    done = come_back(client, provider, asked["state"])
    if provider in SAY_THE_ADDRESS:
        assert done == "/console/"
        member = Membership.objects.get(tenant=tenant)
        assert member.user.email == "ming@people.test"
    else:
        assert done == "/accounts/3rdparty/signup/"
        member = confirm(client, tenant)
    account = SocialAccount.objects.get()
    assert (account.uid, account.user) == (uid, member.user)
    if provider not in SAY_THE_ADDRESS:
        assert services.name in str(account.extra_data.values())
    assert WORDS not in str(account.extra_data)


@pytest.mark.parametrize("provider", SERVICES)
def test_a_code_of_nobody_lets_nobody_in(client: Client, tenant: Tenant, services: SignInServices, provider: str) -> None:
    app(tenant, provider)
    _, asked = begin(client, provider)
    page = come_back(client, provider, asked["state"], code="stolen")
    assert WORDS not in page
    assert "_auth_user_id" not in client.session
    _, asked = begin(client, provider)
    come_back(Client(), provider, asked["state"])
    assert not User.objects.exists()


def test_behind_https_every_callback_is_https(client: Client, tenant: Tenant, services: SignInServices, settings: Settings) -> None:
    settings.ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https"
    for provider in SERVICES:
        app(tenant, provider)
        answer = client.post(f"/accounts/{provider}/login/", headers=SHOP, secure=True)
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(answer.headers["Location"]).query))
        assert asked["redirect_uri"].startswith("https://shop.test/"), provider


def told_by_telegram(token: str = BOT, *, age: int = 0) -> str:
    """What Telegram's page puts behind the #: the fields, and their HMAC by the SHA-256 of the bot's token."""
    fields = {"id": 583231, "first_name": "小明", "username": "ming", "auth_date": int(time.time()) - age}
    text = "\n".join(sorted(f"{name}={value}" for name, value in fields.items()))
    digest = hmac.new(hashlib.sha256(token.encode()).digest(), text.encode(), hashlib.sha256).hexdigest()
    return base64.b64encode(json.dumps(fields | {"hash": digest}).encode()).decode().rstrip("=")


def test_telegram_signs_who_it_was(client: Client, tenant: Tenant) -> None:
    app(tenant, "telegram", BOT)
    leads_to, asked = begin(client, "telegram")
    assert (leads_to, asked["bot_id"]) == ("oauth.telegram.org/auth", CLIENT)
    back = urllib.parse.urlsplit(asked["return_to"])
    page = client.get(f"{back.path}?{back.query}", headers=SHOP)
    # Its page runs under our policy: a script of ours, nothing inline.
    assert "script-src 'self';" in page["Content-Security-Policy"]
    assert "/static/telegram/js/telegram.js" in page.content.decode()
    for wrong in (told_by_telegram("another"), told_by_telegram(age=3600), "no base64"):
        assert client.post(f"{back.path}?{back.query}", {"tgAuthResult": wrong}, headers=SHOP).status_code == 401
    assert not SocialAccount.objects.exists()
    answer = client.post(f"{back.path}?{back.query}", {"tgAuthResult": told_by_telegram()}, headers=SHOP)
    assert answer.headers["Location"] == "/accounts/3rdparty/signup/"
    member = confirm(client, tenant)
    assert (SocialAccount.objects.get().uid, SocialAccount.objects.get().user) == ("583231", member.user)


def test_who_gave_no_address_elsewhere_is_asked_for_the_human_check_here(
    client: Client, tenant: Tenant, end_user: Membership, services: SignInServices
) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(captcha=Tenant.Captcha.ALWAYS)
    app(tenant, "feishu")
    come_back(client, "feishu", begin(client, "feishu")[1]["state"])
    client.cookies[referrals.COOKIE] = referrals.code_of(end_user)
    assert "data-human" in client.get("/accounts/3rdparty/signup/", headers=SHOP).content.decode()
    form = {"email": "ming@people.test"}
    again = client.post("/accounts/3rdparty/signup/", form, headers=SHOP).content.decode()
    assert "this check keeps programs out" in again
    assert not SocialAccount.objects.exists()
    client.post("/accounts/3rdparty/signup/", form | answer(), headers=SHOP)
    address = EmailAddress.objects.get(user=SocialAccount.objects.get().user)
    # The mail is opened in another browser, which remembers no link.
    other = Client()
    other.post(f"/accounts/confirm-email/{EmailConfirmationHMAC(address).key}/", headers=SHOP)
    services.codes.append(CODE)
    assert come_back(other, "feishu", begin(other, "feishu")[1]["state"]) == "/console/"
    assert Membership.objects.filter(user__email="ming@people.test").exists()
    assert Referral.objects.get().referred.user.email == "ming@people.test"


def test_the_fourth_account_from_one_place_is_asked_after_other_services_too(
    client: Client, tenant: Tenant, services: SignInServices
) -> None:
    app(tenant, "feishu")
    come_back(client, "feishu", begin(client, "feishu")[1]["state"])
    request = RequestFactory().get("/")
    request.tenant = tenant  # type: ignore[attr-defined]  # as the middleware does
    for _ in range(captcha.FREE):
        captcha.note(request, door="sign_up")
    assert "data-human" in client.get("/accounts/3rdparty/signup/", headers=SHOP).content.decode()
