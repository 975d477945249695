"""What the shop's tests share: a stocked product, a sandbox account, an order."""

from __future__ import annotations

from accounts.models import Tenant
from billing import catalogue, codes, gateways, ledger, orders
from billing.models import CodeBatch, GatewayAccount, PaymentAttempt, Product

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
