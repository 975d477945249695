"""Second factors over the API: an authenticator app by its first code, recovery codes once, a passkey named and removed."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core.mail import EmailMessage
from pytest_django import Settings

from accounts.models import Membership
from tests.accounts.test_adapters import a_passkey
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db


def code_of(secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time())))))


@pytest.fixture(autouse=True)
def address(end_user: Membership) -> EmailAddress:
    return EmailAddress.objects.create(user=end_user.user, email="ann@shop.test", verified=True, primary=True)


def test_an_app_is_set_up_by_its_first_code(end_user: Membership, reseller_owner: Membership, mailoutbox: list[EmailMessage]) -> None:
    call = program(end_user)
    status, begun = call("POST", "me/factors/totp/")
    assert (status, begun["address"].startswith("otpauth://totp/")) == (200, True)
    right = {"draft": begun["draft"], "code": code_of(begun["secret"])}
    assert begun["secret"] not in begun["draft"]
    assert program(reseller_owner)("PUT", "me/factors/totp/", right)[0] == 409
    assert call("PUT", "me/factors/totp/", {**right, "code": "000000"})[0] == 409
    assert call("PUT", "me/factors/totp/", {**right, "draft": right["draft"][:-2]})[0] == 409
    assert not Authenticator.objects.exists()
    status, made = call("PUT", "me/factors/totp/", right)
    assert (status, made["type"], made["name"]) == (200, "totp", "")
    assert call("POST", "me/factors/totp/")[0] == 409
    assert call("DELETE", f"me/factors/{made['id']}/")[0] == 204
    assert not Authenticator.objects.exists()
    assert [one.to for one in mailoutbox] == [["ann@shop.test"]] * 2


def test_recovery_codes_come_with_a_factor_and_go_with_the_last(end_user: Membership) -> None:
    call = program(end_user)
    assert call("POST", "me/factors/recovery-codes/")[0] == 409
    passkey = a_passkey(end_user.user, "shop.test")
    first, second = (call("POST", "me/factors/recovery-codes/")[1]["codes"] for _ in range(2))
    assert (len(first), set(first) & set(second)) == (10, set())
    shown = call("GET", "me/factors/")[1]["results"]
    assert [(one["type"], one["name"]) for one in shown] == [("recovery_codes", ""), ("webauthn", "phone")]
    assert call("DELETE", f"me/factors/{shown[0]['id']}/")[0] == 409
    assert call("PATCH", f"me/factors/{shown[0]['id']}/", {"name": "x"})[0] == 409
    assert call("PATCH", f"me/factors/{passkey.pk}/", {"name": "laptop"})[1]["name"] == "laptop"
    assert (call("DELETE", f"me/factors/{passkey.pk}/")[0], Authenticator.objects.count()) == (204, 0)


def test_wrong_codes_run_out_and_others_factors_are_out_of_reach(
    end_user: Membership, platform_admin: Membership, settings: Settings
) -> None:
    settings.ACCOUNT_RATE_LIMITS = {}
    call = program(end_user)
    begun = call("POST", "me/factors/totp/")[1]
    wrong = {"draft": begun["draft"], "code": "000000"}
    assert [call("PUT", "me/factors/totp/", wrong)[0] for _ in range(6)] == [409] * 5 + [429]
    passkey = a_passkey(end_user.user, "shop.test")
    admin = program(platform_admin, host="platform.test")
    assert [admin(method, f"me/factors/{passkey.pk}/", {"name": "x"})[0] for method in ("GET", "PATCH", "DELETE")] == [404] * 3
    assert begun["secret"] not in str(call("GET", "me/factors/"))
