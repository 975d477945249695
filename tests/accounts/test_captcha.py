"""The human check is asked for when the tenant's policy says so, and a form that lacks it does nothing."""

from __future__ import annotations

import pytest
from django import forms
from django.core import mail
from django.test import Client, RequestFactory

from accounts import captcha, people, tenants
from accounts.models import Tenant, User
from foundation import puzzles, vault

pytestmark = pytest.mark.django_db
PASSPHRASE = "a long pass phrase"
SHOP = {"host": "shop.test"}


def answer() -> dict[str, str]:
    token = puzzles.digits()
    return {"human_token": token, "human_digits": vault.unseal(token, context="puzzle").rpartition(":")[2]}


def wanted(tenant: Tenant, *, address: str = "203.0.113.7", subject: str = "", door: str = "redeem", notes: int = 0) -> bool:
    request = RequestFactory().get("/", REMOTE_ADDR=address)
    request.tenant = tenant  # type: ignore[attr-defined]  # as the middleware does
    for _ in range(notes):
        captcha.note(request, door=door, subject=subject)
    return captcha.is_wanted(request, door=door, subject=subject)


def test_the_third_failure_brings_it(tenant: Tenant) -> None:
    assert [wanted(tenant, notes=1) for _ in range(3)] == [False, False, True]
    assert not wanted(tenant, address="203.0.113.8")
    assert not wanted(tenant, door="lookup")
    assert not wanted(Tenant.objects.get(parent=None))


def test_a_network_of_ipv6_counts_as_one_visitor(tenant: Tenant) -> None:
    assert wanted(tenant, address="2001:db8:1:2::1", notes=3)
    assert wanted(tenant, address="2001:db8:1:2:ffff::9")
    assert not wanted(tenant, address="2001:db8:1:3::1")


def test_an_account_that_many_try_is_protected_too(tenant: Tenant) -> None:
    for last in range(3):
        wanted(tenant, address=f"203.0.113.{last}", subject="Ann@shop.test", notes=1)
    assert wanted(tenant, address="198.51.100.1", subject="ann@shop.test ")
    assert not wanted(tenant, address="198.51.100.1", subject="bob@shop.test")


@pytest.mark.parametrize(("policy", "expected"), [("always", True), ("never", False)])
def test_a_tenant_may_want_it_always_or_never(tenant: Tenant, policy: str, expected: bool) -> None:
    tenant.captcha = policy
    assert wanted(tenant, notes=5) is expected


def test_a_form_without_the_answer_says_what_to_do(tenant: Tenant) -> None:
    tenant.captcha = Tenant.Captcha.ALWAYS
    request = RequestFactory().get("/")
    request.tenant = tenant  # type: ignore[attr-defined]  # as the middleware does

    def errors(values: dict[str, str]) -> dict[str, list[str]]:
        form = forms.Form(values)
        captcha.guard(form, request, door="checkout")
        return {name: [str(text) for text in found] for name, found in form.errors.items()}

    assert errors({"x": "1"}) == {"human": ["Please send it once more: this check keeps programs out."]}
    assert errors(answer() | {"human_digits": "0"}) == {"human": ["These were not the digits. Try the new ones."]}
    assert errors(answer()) == {}


def test_sign_in_asks_after_three_failures(client: Client, tenant: Tenant) -> None:
    user = people.add(email="ann@shop.test", password=PASSPHRASE)
    tenants.join(tenant=tenant, user=user)

    def sign_in(password: str, **more: str) -> str:
        values = {"login": "ann@shop.test", "password": password, **more}
        return client.post("/accounts/login/", values, headers=SHOP).content.decode()

    pages = [sign_in("wrong") for _ in range(3)]
    assert ["data-human" in page for page in pages] == [False, False, True]
    sign_in(PASSPHRASE)
    assert "_auth_user_id" not in client.session
    assert "data-human" in client.get("/accounts/login/", headers=SHOP).content.decode()
    sign_in(PASSPHRASE, **answer())
    assert client.session["_auth_user_id"] == str(user.pk)


def test_sign_up_asks_from_the_fourth_account_on(client: Client, tenant: Tenant) -> None:
    def sign_up(number: int, **more: str) -> bool:
        address = f"new{number}@shop.test"
        client.post("/accounts/signup/", {"email": address, "password1": PASSPHRASE, **more}, headers=SHOP)
        client.logout()
        return User.objects.filter(email=address).exists()

    assert [sign_up(number) for number in range(4)] == [True, True, True, False]
    assert sign_up(4, **answer())


def test_password_reset_asks_from_the_fourth_mail_on(client: Client, tenant: Tenant) -> None:
    people.add(email="ann@shop.test", password=PASSPHRASE)

    def reset(**more: str) -> int:
        client.post("/accounts/password/reset/", {"email": "ann@shop.test", **more}, headers=SHOP)
        return len(mail.outbox)

    assert [reset() for _ in range(4)] == [1, 2, 3, 3]
    assert reset(**answer()) == 4


def test_pictures_and_sounds_are_served_for_tokens_of_ours(client: Client, tenant: Tenant) -> None:
    token = puzzles.digits()
    picture = client.get(f"/human/{token}.png", headers=SHOP)
    assert (picture.status_code, picture["Content-Type"], picture["Cache-Control"]) == (200, "image/png", "no-store")
    assert client.get(f"/human/{token}.wav", headers=SHOP)["Content-Type"] == "audio/wav"
    assert client.get("/human/v1.0.AAAA.png", headers=SHOP).status_code == 404
