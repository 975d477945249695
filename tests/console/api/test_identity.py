"""What somebody signs in with, over the API: a token made for it stands for the password that pages ask for."""

from __future__ import annotations

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.core.mail import EmailMessage
from django.test import Client
from pytest_django import Settings

from accounts import access_tokens
from accounts.models import Membership
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db
PASSWORD, BETTER = "a long old password", "a longer new password"


@pytest.fixture(autouse=True)
def limits_of_tries(settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {}


def without_step_up(member: Membership) -> tuple[str, ...]:
    return tuple(scope for scope in access_tokens.offered(member) if scope not in access_tokens.STEP_UP_SCOPES)


@pytest.fixture
def primary(end_user: Membership) -> EmailAddress:
    return EmailAddress.objects.create(user=end_user.user, email=end_user.user.email or "", verified=True, primary=True)


@pytest.mark.parametrize(
    ("language", "why"),
    [("en", "This is not your current password."), ("zh-CN", "这不是您现在的密码。"), ("zh-TW", "這不是您目前的密碼。")],
)
def test_a_refusal_is_said_in_the_callers_language(end_user: Membership, language: str, why: str) -> None:
    end_user.user.set_password(PASSWORD)
    end_user.user.save(update_fields=["password"])
    status, told = program(end_user)("PUT", "me/password/", {"current": "x", "new": BETTER}, accept_language=language)
    assert (status, told["error"]["message"]) == (409, why)


def test_another_address_is_added_confirmed_by_mail_and_made_the_one_to_sign_in_by(
    end_user: Membership, primary: EmailAddress, mailoutbox: list[EmailMessage], client: Client
) -> None:
    call = program(end_user)
    status, made = call("POST", "me/addresses/", {"email": "New@shop.test"})
    assert (status, made["email"], made["is_confirmed"], made["is_primary"]) == (201, "new@shop.test", False, False)
    path = f"me/addresses/{made['id']}/"
    assert call("POST", f"{path}make-primary/")[0] == 409
    assert call("POST", f"{path}confirm/")[0] == 429
    [mail] = mailoutbox
    assert mail.to == ["new@shop.test"]
    link = re.search(r"http://shop.test(/accounts/confirm-email/\S+)", str(mail.body))
    assert link is not None
    assert client.post(link[1], headers={"host": "shop.test"}).status_code == 302
    assert call("POST", f"{path}make-primary/")[1]["is_primary"] is True
    end_user.user.refresh_from_db()
    assert end_user.user.email == "new@shop.test"
    assert [one.to for one in mailoutbox] == [["new@shop.test"], ["ann@shop.test"]]
    assert call("DELETE", path)[0] == 409
    assert call("DELETE", f"me/addresses/{primary.pk}/")[0] == 204
    assert [one["email"] for one in call("GET", "me/addresses/")[1]["results"]] == ["new@shop.test"]


def test_nobody_reaches_anothers_address_and_a_token_without_step_up_changes_nothing(
    end_user: Membership, primary: EmailAddress, platform_admin: Membership
) -> None:
    path = f"me/addresses/{primary.pk}/"
    admin = program(platform_admin, host="platform.test")
    assert [admin(method, path)[0] for method in ("GET", "DELETE")] == [404, 404]
    call = program(end_user, scopes=without_step_up(end_user))
    assert call("GET", path)[1]["email"] == "ann@shop.test"
    assert [call("DELETE", path)[0], call("POST", "me/addresses/", {"email": "x@y.test"})[0]] == [403, 403]
    assert call("PUT", "me/password/", {"new": BETTER})[0] == 403


def test_an_address_is_not_added_twice_nor_many_in_a_minute(end_user: Membership, primary: EmailAddress) -> None:
    call = program(end_user)
    assert list(call("POST", "me/addresses/", {"email": "ann@shop.test"})[1]["error"]["fields"]) == ["email"]
    answers = [call("POST", "me/addresses/", {"email": f"a{number}@shop.test"})[0] for number in range(11)]
    assert (answers.count(201), answers[-1]) == (9, 429)


def test_the_password_changes_where_the_current_one_is_known(end_user: Membership, primary: EmailAddress) -> None:
    call, user = program(end_user), end_user.user
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    browser = Client(HTTP_HOST="shop.test")
    browser.force_login(user)
    assert call("PUT", "me/password/", {"current": "wrong", "new": BETTER})[0] == 409
    assert call("PUT", "me/password/", {"current": PASSWORD, "new": "short"})[0] == 409
    assert call("PUT", "me/password/", {"current": PASSWORD, "new": BETTER}) == (204, None)
    user.refresh_from_db()
    assert user.check_password(BETTER)
    assert browser.get("/console/").status_code == 302
    assert [call("PUT", "me/password/", {"current": "guess", "new": BETTER})[0] for _ in range(3)] == [409, 409, 429]


def test_who_has_no_password_sets_one(end_user: Membership, primary: EmailAddress, mailoutbox: list[EmailMessage]) -> None:
    end_user.user.set_unusable_password()
    end_user.user.save(update_fields=["password"])
    assert program(end_user)("PUT", "me/password/", {"new": BETTER})[0] == 204
    assert [one.to for one in mailoutbox] == [["ann@shop.test"]]


def test_a_service_is_left_only_where_another_way_in_is_there(end_user: Membership, primary: EmailAddress) -> None:
    call, user = program(end_user), end_user.user
    user.set_unusable_password()
    user.save(update_fields=["password"])
    row = SocialAccount.objects.create(user=user, provider="github", uid="1")
    path = f"me/connections/{row.pk}/"
    assert [one["service"] for one in call("GET", "me/connections/")[1]["results"]] == ["github"]
    assert call("DELETE", path)[0] == 409
    call("PUT", "me/password/", {"new": BETTER})
    assert (call("DELETE", path)[0], SocialAccount.objects.count()) == (204, 0)
