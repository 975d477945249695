"""Promo codes: one text, many customers, each once, while uses are left and within its days; always covered."""

from __future__ import annotations

import datetime
import threading

import pytest
from django.core.cache import cache
from django.db import connections
from django.utils import timezone

from accounts import tenants
from accounts.models import Membership, Tenant, User
from billing import audit, catalogue, code_imports, code_shelf, codes, ledger, orders, promos
from billing.models import Code, CodeBatch, Order
from tests.billing.shop import pay, sandbox

pytestmark = pytest.mark.django_db

DOLLAR = 1_000_000


@pytest.fixture(autouse=True)
def _fresh_limits(db: None) -> None:
    cache.clear()


@pytest.fixture
def shop(tenant: Tenant) -> Tenant:
    """The shop with $5 of quota."""
    stock = ledger.account(kind="stock", tenant_id=tenant.pk)
    line = ledger.Line(ledger.account(kind="issuer").pk, stock.pk, 5 * DOLLAR)
    ledger.post(kind="purchase", key="stock", lines=[line], tenant_id=tenant.pk)
    return tenant


def member(shop: Tenant, number: int) -> Membership:
    return tenants.join(tenant=shop, user=User.objects.create_user(email=f"m{number}@shop.test"), role=Membership.Role.CUSTOMER)


def holds(who: Membership) -> int:
    return ledger.balance(membership_id=who.pk).available_micros


def stock_of(shop: Tenant) -> int:
    return ledger.balance_of(ledger.account(kind="stock", tenant_id=shop.pk))


def test_each_customer_has_it_once_while_uses_are_left(shop: Tenant) -> None:
    promos.offer(tenant=shop, text="WELCOME-2026", units_micros=DOLLAR, uses=2)
    assert (stock_of(shop), audit.run()) == (3 * DOLLAR, [])
    first, second, third = (member(shop, number) for number in range(3))
    assert codes.redeem(membership=first, code="welcome 2026").units_micros == DOLLAR
    assert codes.redeem(membership=first, code="WELCOME-2026").is_repeat
    assert not codes.redeem(membership=second, code="WELCOME2026").is_repeat
    with pytest.raises(codes.Refused):
        codes.redeem(membership=third, code="WELCOME-2026")
    assert codes.redeem(membership=first, code="WELCOME-2026").is_repeat
    assert [holds(who) for who in (first, second, third)] == [DOLLAR, DOLLAR, 0]
    assert audit.run() == []


def test_one_for_newcomers_is_refused_to_all_others(shop: Tenant) -> None:
    promos.offer(tenant=shop, text="FIRST-ONE", units_micros=DOLLAR, uses=2, new_only=True)
    promos.offer(tenant=shop, text="FOR-ALL", units_micros=DOLLAR, uses=2)
    fresh, known, buyer = (member(shop, number) for number in (1, 2, 3))
    codes.redeem(membership=fresh, code="FIRST-ONE")
    codes.redeem(membership=fresh, code="FOR-ALL")
    assert codes.redeem(membership=fresh, code="FIRST-ONE").is_repeat
    codes.redeem(membership=known, code="FOR-ALL")
    pay(orders.start_payment(order=by_hand(shop, buyer), account=sandbox(shop)))
    for who in (known, buyer):
        with pytest.raises(codes.Refused):
            codes.redeem(membership=who, code="FIRST-ONE")
    assert [holds(who) for who in (fresh, known, buyer)] == [2 * DOLLAR, DOLLAR, 0]


def by_hand(shop: Tenant, who: Membership) -> Order:
    """An unpaid order of a member for something that needs no stock."""
    product = catalogue.add_product(tenant=shop, name="Help", units_micros=0, price_minor=900, currency="CNY", kind="manual")
    return orders.place(product=product, buyer=orders.Buyer(email="m@shop.test", membership=who)).order


def test_the_codes_behind_it_are_no_codes_by_themselves(shop: Tenant, end_user: Membership) -> None:
    promos.offer(tenant=shop, text="WELCOME-2026", units_micros=DOLLAR, uses=2)
    rows = list(Code.objects.select_related("batch"))
    with pytest.raises(codes.CodeError, match="no codes by themselves"):
        codes.reveal(rows)
    for row in rows:
        row.batch.shared_spelling = ""
    for text in codes.reveal(rows):
        with pytest.raises(codes.Refused):
            codes.redeem(membership=end_user, code=text)
    assert holds(end_user) == 0


def test_it_is_good_at_its_own_shop_only(shop: Tenant, stranger: Membership) -> None:
    promos.offer(tenant=shop, text="WELCOME-2026", units_micros=DOLLAR, uses=2)
    with pytest.raises(codes.Typo):
        codes.redeem(membership=stranger, code="WELCOME-2026")


@pytest.mark.parametrize(("first", "last"), [(1, 2), (-2, -1)])
def test_it_is_good_within_its_days_only(shop: Tenant, end_user: Membership, first: int, last: int) -> None:
    days = [timezone.now() + datetime.timedelta(days=number) for number in (first, last)]
    promos.offer(tenant=shop, text="WELCOME-2026", units_micros=DOLLAR, uses=2, redeem_from=days[0], redeem_by=days[1])
    with pytest.raises(codes.Refused):
        codes.redeem(membership=end_user, code="WELCOME-2026")
    assert (holds(end_user), audit.run()) == (0, [])


def test_what_is_left_goes_back_to_stock_when_it_ends_or_is_revoked(shop: Tenant, end_user: Membership) -> None:
    ended = promos.offer(tenant=shop, text="ENDED", units_micros=DOLLAR, uses=2)
    revoked = promos.offer(tenant=shop, text="REVOKED", units_micros=DOLLAR, uses=2)
    codes.redeem(membership=end_user, code="ENDED")
    CodeBatch.objects.filter(pk=ended.pk).update(redeem_by=timezone.now())
    assert code_shelf.expire_due() == 1
    assert code_shelf.revoke(batch=revoked, actor=None, reason="over") == 2
    assert (stock_of(shop), holds(end_user), audit.run()) == (4 * DOLLAR, DOLLAR, [])
    with pytest.raises(codes.Refused):
        codes.redeem(membership=end_user, code="REVOKED")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("abc", "4 to 40"),
        ("x" * 41, "4 to 40"),
        ("多多多多", "4 to 40"),
        ("ABCDE-FGHJK-MNPQR-STVWX", "single code"),
        ("0LD-0NE", "used before"),
        ("imported-code-1", "used before"),
    ],
)
def test_texts_that_could_be_confused_are_refused(shop: Tenant, text: str, why: str) -> None:
    promos.offer(tenant=shop, text="OLD-ONE", units_micros=DOLLAR, uses=1)
    code_imports.adopt(tenant=shop, texts=["imported-code-1"], units_micros=DOLLAR)
    with pytest.raises(codes.BadBatch, match=why):
        promos.offer(tenant=shop, text=text, units_micros=DOLLAR, uses=1)
    assert (CodeBatch.objects.count(), stock_of(shop)) == (2, 3 * DOLLAR)


def test_a_promo_code_is_not_imported_as_a_single_one(shop: Tenant) -> None:
    promos.offer(tenant=shop, text="WELCOME-TO-ALL", units_micros=DOLLAR, uses=1)
    with pytest.raises(codes.BadBatch, match="promo code"):
        code_imports.adopt(tenant=shop, texts=["welcome to all"], units_micros=DOLLAR)


def test_what_is_not_covered_is_not_offered(shop: Tenant) -> None:
    with pytest.raises(codes.NotCovered):
        promos.offer(tenant=shop, text="WELCOME-2026", units_micros=DOLLAR, uses=6)
    assert (CodeBatch.objects.count(), stock_of(shop)) == (0, 5 * DOLLAR)


def test_however_fast_people_are_nobody_has_it_twice_and_no_use_is_given_twice(transactional_db: None, shop: Tenant) -> None:
    promos.offer(tenant=shop, text="WELCOME-2026", units_micros=DOLLAR, uses=2)
    people = [member(shop, number) for number in range(3)]
    barrier = threading.Barrier(6)
    came: list[str] = []

    def attempt(who: Membership) -> None:
        barrier.wait()
        try:
            came.append("again" if codes.redeem(membership=who, code="WELCOME-2026").is_repeat else "paid")
        except codes.Refused:
            came.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=attempt, args=(who,)) for who in [*people, *people]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(came) == ["again", "again", "paid", "paid", "refused", "refused"]
    assert sorted(map(holds, people)) == [0, DOLLAR, DOLLAR]
    assert audit.run() == []
