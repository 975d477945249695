"""People who asked are told once that something is there again; only confirmed addresses count, and none is kept for longer."""

from __future__ import annotations

import datetime

import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import Tenant
from billing import orders, restock
from billing.models import Product, RestockWish
from foundation import outbox
from tests.billing.shop import manual_product, place

pytestmark = pytest.mark.django_db


@pytest.fixture
def gone(tenant: Tenant) -> Product:
    """Something of which the last piece is reserved."""
    product = manual_product(tenant, left=1)
    place(product)
    mails()
    return product


def ask(product: Product, email: str = "Ann@Example.test", *, is_known: bool = False) -> None:
    restock.ask(product=product, email=email, language="en", site="http://shop.test", is_known=is_known)


def mails() -> list[tuple[str, str]]:
    mail.outbox.clear()
    outbox.deliver()
    return [(message.to[0], str(message.subject)) for message in mail.outbox]


def back(product: Product) -> None:
    Product.objects.filter(pk=product.pk).update(stock_left=3)


def test_a_confirmed_address_hears_of_it_once_and_is_forgotten(gone: Product) -> None:
    ask(gone)
    assert mails() == [("ann@example.test", "Shall we tell you when Set-up is there again?")]
    link = next(line for line in str(mail.outbox[0].body).splitlines() if line.startswith("http"))
    token = link.removeprefix("http://shop.test/restock/").rstrip("/")
    wish = restock.find(tenant=gone.tenant, token=token)
    assert wish is not None
    restock.confirm(wish)
    assert restock.look() == 0
    back(gone)
    assert (restock.look(), restock.look()) == (1, 0)
    assert mails() == [("ann@example.test", "Set-up is there again")]
    assert "http://shop.test/p/" in str(mail.outbox[0].body)
    assert (RestockWish.objects.count(), restock.look(), mails()) == (0, 0, [])
    assert restock.find(tenant=gone.tenant, token=token) is None


def test_an_address_that_was_not_confirmed_hears_nothing(gone: Product) -> None:
    ask(gone)
    back(gone)
    assert restock.look() == 0


def test_a_signed_in_owner_need_not_confirm_and_asking_twice_is_one_wish(gone: Product) -> None:
    for _ in range(2):
        ask(gone, is_known=True)
    ask(gone)
    assert mails() == []
    assert RestockWish.objects.exclude(confirmed_at=None).count() == 1


def test_who_stops_in_time_gets_no_mail(gone: Product) -> None:
    ask(gone, is_known=True)
    back(gone)
    restock.look()
    restock.stop(RestockWish.objects.get())
    assert mails() == []


def test_nobody_elses_token_opens_a_wish(gone: Product, root_tenant: Tenant) -> None:
    ask(gone)
    token = restock.token_of(RestockWish.objects.get())
    assert restock.find(tenant=root_tenant, token=token) is None
    for wrong in ("", "1", f"x{token}", f"{token}x"):
        assert restock.find(tenant=gone.tenant, token=wrong) is None


def test_what_is_off_sale_is_not_told_and_a_pause_of_a_reservation_is(gone: Product) -> None:
    ask(gone, is_known=True)
    back(gone)
    Product.objects.update(is_active=False)
    assert restock.look() == 0
    Product.objects.update(is_active=True, stock_left=0)
    orders.run_out(order=gone.orders.get())
    assert restock.look() == 1


def test_addresses_are_not_kept_for_ever(gone: Product) -> None:
    ask(gone, "a@example.test")
    ask(gone, "b@example.test", is_known=True)
    assert restock.forget() == 0
    RestockWish.objects.update(created_at=timezone.now() - datetime.timedelta(days=3))
    assert (restock.forget(), RestockWish.objects.get().email) == (1, "b@example.test")
    RestockWish.objects.update(created_at=timezone.now() - datetime.timedelta(days=91))
    assert (restock.forget(), RestockWish.objects.count()) == (1, 0)
