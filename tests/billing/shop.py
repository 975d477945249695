"""What the shop's tests share: a stocked product, a sandbox account, an order."""

from __future__ import annotations

from dataclasses import replace

from django.utils import timezone

from accounts.models import Tenant
from billing import cards, catalogue, codes, gateways, ledger, orders, settlement
from billing.models import CodeBatch, GatewayAccount, Order, PaymentAttempt, Product
from billing.payments.base import ProviderEvent

FIVE = 5_000_000
PRICE = 3_900


def stocked(tenant: Tenant, *, count: int = 3, currency: str = "CNY") -> Product:
    """A $5 code for 39.00 with so many in stock."""
    product = catalogue.add_product(tenant=tenant, name="Five dollars", units_micros=FIVE, price_minor=PRICE, currency=currency)
    restock(product, count=count)
    return product


def restock(product: Product, *, count: int) -> list[str]:
    """Buy quota wholesale and mint codes of it."""
    issuer, stock = ledger.account(kind="issuer").pk, ledger.account(kind="stock", tenant_id=product.tenant_id).pk
    key = f"fund:{product.pk}:{CodeBatch.objects.count()}"
    ledger.transfer(kind="wholesale", key=key, src_id=issuer, dst_id=stock, amount=count * product.units_micros)
    return codes.mint(tenant=product.tenant, units_micros=product.units_micros, count=count, product=product).codes


def sandbox(tenant: Tenant) -> GatewayAccount:
    return gateways.add_account(tenant=tenant, driver="sandbox")


def place(product: Product, *, quantity: int = 1, email: str = "guest@example.test") -> orders.Placed:
    return orders.place(product=product, buyer=orders.Buyer(email=email), quantity=quantity)


def attempt(product: Product, account: GatewayAccount, *, quantity: int = 1, email: str = "guest@example.test") -> PaymentAttempt:
    return orders.start_payment(order=place(product, quantity=quantity, email=email).order, account=account)


def held(kind: str, tenant: Tenant, *, owner: int = 0, currency: str = "CNY") -> int:
    """What a tenant's cash account holds."""
    return ledger.balance_of(ledger.account(kind=kind, tenant_id=tenant.pk, owner=owner, ledger=f"M:{currency}"))


def key_product(tenant: Tenant, *, count: int = 3) -> Product:
    """A $5 ready key for 39.00 with so many in stock."""
    product = catalogue.add_product(tenant=tenant, name="Five at once", units_micros=FIVE, price_minor=PRICE, currency="CNY", kind="key")
    restock(product, count=count)
    return product


def card_product(tenant: Tenant, *texts: str) -> Product:
    """A card for 39.00, and those cards imported."""
    product = catalogue.add_product(tenant=tenant, name="Gift card", units_micros=0, price_minor=PRICE, currency="CNY", kind="card")
    if texts:
        cards.take_in(product=product, lines=texts, actor=None)
    return product


def manual_product(tenant: Tenant, *, left: int | None = None) -> Product:
    """Something delivered by hand for 39.00."""
    product = catalogue.add_product(tenant=tenant, name="Set-up", units_micros=0, price_minor=PRICE, currency="CNY", kind="manual")
    Product.objects.filter(pk=product.pk).update(stock_left=left)
    product.refresh_from_db()
    return product


def pay(paying: PaymentAttempt, kind: str = "paid", **changes: object) -> Order:
    """Let the gateway say what became of a payment."""
    said = ProviderEvent(
        attempt_token=paying.token, event_id=f"{kind}:{paying.pk}", kind=kind, transaction=f"t{paying.pk}",
        amount_minor=paying.amount_minor, currency=paying.currency, occurred_at=timezone.now(),
    )  # fmt: skip
    settlement.settle(account=paying.account, event=replace(said, **changes))  # type: ignore[arg-type]  # mixed values
    return Order.objects.get(pk=paying.order_id)


def bought_from(product: Product, *, quantity: int = 1, email: str = "guest@example.test") -> Order:
    """A paid order of a product, by the sandbox."""
    account = GatewayAccount.objects.filter(tenant=product.tenant).first() or sandbox(product.tenant)
    return pay(attempt(product, account, quantity=quantity, email=email))
