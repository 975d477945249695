"""The demo that a first start finds."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from pytest_django import Settings

from accounts import keys, tenants
from accounts.models import ApiKey, Membership, Tenant, User
from billing import audit, catalogue, gateways, ledger, price_lists
from channels_app import selectors
from console import demo
from gateway import reconcile

pytestmark = pytest.mark.django_db


@pytest.fixture
def var(tmp_path: Path, settings: Settings) -> Path:
    """A fresh var/."""
    settings.VAR_DIR = tmp_path
    return tmp_path


def test_a_fresh_start_has_people_who_can_sign_in(var: Path) -> None:
    """W19: with passwords of this start alone, which nobody can look up."""
    found = demo.seed()
    passwords = {found[f"KEYOSK_{who}_PASSWORD"] for who in ("ADMIN", "RESELLER", "USER")}
    assert len(passwords) == 3
    assert {len(password) for password in passwords} == {demo.PASSWORD_LENGTH}
    for who, role in (("ADMIN", "owner"), ("RESELLER", "owner"), ("USER", "customer")):
        user = User.objects.get(email=found[f"KEYOSK_{who}_EMAIL"])
        assert user.check_password(found[f"KEYOSK_{who}_PASSWORD"])
        assert user.memberships.get().role == role
    assert Membership.objects.get(user__email=found["KEYOSK_ADMIN_EMAIL"]).tenant == tenants.root()


def test_its_books_are_right(var: Path) -> None:
    demo.seed()
    assert audit.run(more=reconcile.CHECKS) == []
    run = reconcile.examine()
    assert (run.found, run.notices) == (0, 0)


def test_the_sub_key_is_genuine_and_its_wallet_holds_five_dollars(var: Path) -> None:
    secret = demo.seed()["KEYOSK_API_KEY"]
    facts = keys.recognise(keys.digest(secret))
    assert keys.is_genuine(secret)
    assert facts is not None
    assert ledger.balance(membership_id=facts.membership_id).available_micros == 5_000_000


def test_the_demo_model_is_served_and_priced_with_a_margin_for_the_shop(var: Path) -> None:
    demo.seed()
    shop = Tenant.objects.get(slug="demo")
    assert demo.MODEL in selectors.load_table().models(tenant_chain=tenants.chain(shop.pk), group="default")
    price = price_lists.load(shop.pk).resolve(demo.MODEL)
    assert price is not None
    charge = price.charge(input=1_000_000, output=1_000_000)
    assert charge.price_micros == 2_750_000
    assert [amount for _account, amount in charge.splits] == [2_000_000, 750_000]


def test_the_shop_answers_on_localhost_and_has_stock(var: Path) -> None:
    demo.seed()
    shop = tenants.by_host("localhost:8000")
    assert shop is not None
    assert [(product.units_micros, product.stock) for product in catalogue.on_sale(tenant=shop)] == [  # type: ignore[attr-defined]  # annotated
        (5_000_000, 40),
        (10_000_000, 20),
        (50_000_000, 4),
    ]
    assert [account.driver for account in gateways.usable(tenant=shop)] == ["sandbox"]


def test_a_second_start_prints_the_same_changes_nothing_and_is_quick(var: Path) -> None:
    first = demo.seed()
    began = time.monotonic()
    again = demo.seed()
    assert time.monotonic() - began < 1
    assert again == first
    assert (User.objects.count(), ApiKey.objects.count(), Tenant.objects.count()) == (3, 1, 2)


def test_what_somebody_changed_stays_changed(var: Path) -> None:
    found = demo.seed()
    user = User.objects.get(email=found["KEYOSK_USER_EMAIL"])
    user.set_password("my own words")
    user.save(update_fields=["password"])
    demo.seed()
    user.refresh_from_db()
    assert user.check_password("my own words")


def test_the_file_of_secrets_is_the_owners_alone(var: Path) -> None:
    demo.seed()
    assert (var / "demo.key").stat().st_mode & 0o777 == 0o600
