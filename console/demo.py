"""Fill a fresh Keyosk with a demo: an operator, a reseller's shop with stock, a channel that answers, and a customer with $5.

Safe on every start: what is there stays as it is. Passwords and the sub-key's secret follow from one random file in
`var/`, so that every start prints the same, and the database keeps digests alone.
"""

from __future__ import annotations

import hashlib
import hmac
import string

from django.conf import settings
from django.db import transaction

from accounts import access_tokens, keys, people, tenants
from accounts.models import AccessToken, ApiKey, Membership, Tenant, User
from billing import catalogue, codes, desk, gateways, ledger, price_book, price_lists
from billing.money import MICROS
from channels_app import channels
from console import demo_texts
from foundation import checked
from foundation.keyfile import read_or_make

MODEL = "demo-chat"
SLUG = "demo"
HOST = "localhost"
EMAILS = {"ADMIN": "operator@keyosk.example", "RESELLER": "reseller@keyosk.example", "USER": "user@keyosk.example"}
PASSWORD_LENGTH = 14
STOCK_USD = 1_000
CREDIT_USD = 5
# Denomination in dollars → price in fen, and how many codes lie in stock.
PRODUCTS = {5: (39_00, 40), 10: (75_00, 20), 50: (359_00, 4)}
_LETTERS = string.ascii_letters + string.digits


def seed() -> dict[str, str]:
    """Make what is missing and return the logins, the sub-key and the model, by the names of `var/demo.env`."""
    master = read_or_make(settings.VAR_DIR / "demo.key")
    passwords = {who: _derive(master, f"password:{who}", PASSWORD_LENGTH) for who in EMAILS}
    body = _derive(master, "sub-key", 44)
    secret = f"sk-{body}{keys.checksum(body)}"
    with transaction.atomic():
        root = tenants.root()
        _person("ADMIN", passwords, root, Membership.Role.OWNER)
        _price(root)
        shop = Tenant.objects.filter(slug=SLUG).first() or _open_shop(root)
        _person("RESELLER", passwords, shop, Membership.Role.OWNER)
        _customer(passwords, shop, secret)
        token = _token(root, access_tokens.PREFIX + _derive(master, "access-token", 43))
    logins = {f"KEYOSK_{who}_EMAIL": email for who, email in EMAILS.items()}
    logins |= {f"KEYOSK_{who}_PASSWORD": password for who, password in passwords.items()}
    return {"KEYOSK_API_KEY": secret, "KEYOSK_ADMIN_TOKEN": token, "KEYOSK_DEMO_MODEL": MODEL, **logins}


def _derive(master: str, purpose: str, length: int) -> str:
    """Return letters and digits that follow from the master secret: base 62 of an HMAC, so that nothing else is kept."""
    number = int.from_bytes(hmac.digest(master.encode(), f"demo:{purpose}".encode(), hashlib.sha512))
    letters = []
    for _ in range(length):
        number, rest = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[rest])
    return "".join(letters)


def _person(who: str, passwords: dict[str, str], tenant: Tenant, role: str) -> Membership:
    email = EMAILS[who]
    user = User.objects.filter(email=email).first() or people.add(email=email, password=passwords[who])
    return tenants.join(tenant=tenant, user=user, role=role)


def _price(root: Tenant) -> None:
    """Import the list prices that ship and price the demo model, unless somebody has priced it already."""
    if price_lists.load(root.pk).resolve(MODEL) is not None:
        return
    price_book.import_list()
    price_book.set_price(model=MODEL, input=MICROS // 2, output=MICROS * 3 // 2)
    channels.add(name="Demo", provider="demo", models=[MODEL])


def _open_shop(root: Tenant) -> Tenant:
    """Open the reseller's shop: quota bought wholesale, retail prices above it, products with minted stock."""
    shop = tenants.open_tenant(
        slug=SLUG,
        name="Demo Shop",
        parent=root,
        domain=HOST,
        colour="#0f766e",
        announcement="This is a demo: pay with the sandbox, no money moves.",
        contact="reseller@keyosk.example",
    )
    checked.save(shop, {"translations": demo_texts.SHOP})
    _buy_stock(shop)
    gateways.add_account(tenant=shop, driver="sandbox")
    price_book.set_price(model=MODEL, tenant=shop, input=MICROS * 3 // 4, output=MICROS * 2)
    price_book.set_price(model="gpt-4o-mini", tenant=shop, input=200_000, cache_read=100_000, output=800_000)
    shelf = desk.new("category", tenant=shop)
    words = {"slug": "codes", "name": "Quota codes", "description": "Delivered at once after payment; what is redeemed does not expire."}
    desk.put(shelf, {**words, "translations": demo_texts.CATEGORY})
    for dollars, (price, count) in PRODUCTS.items():
        product = catalogue.add_product(
            tenant=shop,
            name=f"${dollars} API credit",
            slug=f"credit-{dollars}",
            units_micros=dollars * MICROS,
            price_minor=price,
            currency="CNY",
            description="Works with **every model** of this shop. The credit does not expire; you pay what you use.",
            instructions="Sign in, open Redeem, and enter the code. Then make a sub-key in the console.",
        )
        told = {"summary": "At once after payment, never expires", "translations": demo_texts.product(dollars)}
        desk.put(product, {**told, "category": shelf, "tag": "value" if dollars == max(PRODUCTS) else ""})
        codes.mint(tenant=shop, units_micros=dollars * MICROS, count=count, product=product, note="demo")
    return shop


def _buy_stock(shop: Tenant) -> None:
    """Book what the reseller bought: quota from the issuer into the stock, and the dollars the platform got for it."""
    issuer, stock = ledger.account(kind="issuer"), ledger.account(kind="stock", tenant_id=shop.pk)
    clearing, revenue = ledger.account(kind="clearing", ledger="M:USD"), ledger.account(kind="revenue", ledger="M:USD")
    quota, cash = ledger.Line(issuer.pk, stock.pk, STOCK_USD * MICROS), ledger.Line(clearing.pk, revenue.pk, STOCK_USD * 100)
    memo = "Wholesale quota of the demo shop"
    ledger.post(kind="purchase", key="demo:stock", lines=[quota], tenant_id=shop.pk, memo=memo)
    ledger.post(kind="payment", key="demo:stock:cash", lines=[cash], tenant_id=shop.parent_id, memo=memo)


def _customer(passwords: dict[str, str], shop: Tenant, secret: str) -> None:
    """Make the customer: a gift of $5 from the shop's stock, once, and the sub-key."""
    member = _person("USER", passwords, shop, Membership.Role.CUSTOMER)
    stock, wallet = ledger.account(kind="stock", tenant_id=shop.pk), ledger.wallet(membership_id=member.pk)
    line = ledger.Line(stock.pk, wallet.pk, CREDIT_USD * MICROS)
    ledger.post(kind="grant", key="demo:credit", lines=[line], tenant_id=shop.pk, memo="Welcome credit")
    if not ApiKey.objects.filter(digest=keys.digest(secret)).exists():
        keys.issue(membership=member, name="demo", secret=secret)


def _token(root: Tenant, secret: str) -> str:
    """Give the operator an access token with every scope."""
    if not AccessToken.objects.filter(digest=access_tokens.digest(secret)).exists():
        operator = Membership.objects.get(tenant=root, user__email=EMAILS["ADMIN"])
        access_tokens.issue(membership=operator, name="demo", scopes=access_tokens.SCOPES, secret=secret)
    return secret
