"""People are told in time, once for each threshold of each window, in their language."""

from __future__ import annotations

import datetime
import zoneinfo
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import ApiKey, Membership, Tenant
from billing import alerts, capability, ledger, limits
from billing.models import KeyBudget, LedgerAccount, LimitAlert, LimitRule, Order, WalletWatch
from foundation import outbox
from tests.billing.conftest import grant, make_key
from tests.billing.shop import bought_from, stocked
from tests.zones import noonday

pytestmark = pytest.mark.django_db
DOLLAR = 1_000_000


@pytest.fixture
def key(end_user: Membership) -> ApiKey:
    """A key that may spend a dollar."""
    made = make_key(end_user)
    ApiKey.objects.filter(pk=made.pk).update(name="laptop")
    limits.set_allowance(api_key_id=made.pk, total_micros=DOLLAR)
    return made


@pytest.fixture
def sent(settings: Any) -> Callable[[], list[Any]]:
    """Delivers what waits in the outbox; returns the mails of this time."""

    def deliver() -> list[Any]:
        mail.outbox.clear()
        outbox.deliver()
        return list(mail.outbox)

    return deliver


def test_mails_are_in_the_shops_unit_and_the_readers_language(key: ApiKey, end_user: Membership, sent: Callable[[], list[Any]]) -> None:
    Tenant.objects.filter(pk=end_user.tenant_id).update(quota_unit="points")
    KeyBudget.objects.update(total_used=800_001)
    assert alerts.tell_of_limits() == 1
    assert sent()[0].body.startswith("Your key laptop at Tea House has used 400,000.5 points of 500,000 points.")
    end_user.user.language = "zh-hans"
    end_user.user.save(update_fields=["language"])
    KeyBudget.objects.update(total_used=1_000_000)
    assert alerts.tell_of_limits() == 1
    assert "500,000 点" in sent()[0].body


def test_below_the_first_threshold_nobody_is_told(key: ApiKey) -> None:
    KeyBudget.objects.update(total_used=799_999)
    assert alerts.tell_of_limits() == 0


def test_each_threshold_is_told_once(key: ApiKey, sent: Callable[[], list[Any]]) -> None:
    KeyBudget.objects.update(total_used=800_000)
    assert (alerts.tell_of_limits(), alerts.tell_of_limits()) == (1, 0)
    (near,) = sent()
    assert (near.to, near.subject) == (["ann@shop.test"], "The limit of your key laptop is nearly used up")
    assert near.body.startswith("Your key laptop at Tea House has used $0.80 of $1.00. This is its allowance for good.")
    assert near.from_email.startswith("Tea House <")

    KeyBudget.objects.update(total_used=1_000_000)
    assert (alerts.tell_of_limits(), alerts.tell_of_limits()) == (1, 0)
    (reached,) = sent()
    assert reached.subject == "The limit of your key laptop is used up"
    assert "calls are refused" in reached.body


def test_who_is_past_both_thresholds_at_once_gets_one_mail(key: ApiKey, sent: Callable[[], list[Any]]) -> None:
    KeyBudget.objects.update(total_used=1_200_000)
    assert alerts.tell_of_limits() == 1
    assert [one.subject for one in sent()] == ["The limit of your key laptop is used up"]


def test_a_raised_limit_is_told_of_anew(key: ApiKey) -> None:
    KeyBudget.objects.update(total_used=1_000_000)
    assert alerts.tell_of_limits() == 1
    limits.set_allowance(api_key_id=key.pk, total_micros=2 * DOLLAR)
    assert alerts.tell_of_limits() == 0
    KeyBudget.objects.update(total_used=1_700_000)
    assert alerts.tell_of_limits() == 1


def test_a_new_window_is_told_of_anew_and_a_passed_one_not(key: ApiKey, sent: Callable[[], list[Any]]) -> None:
    limits.set_allowance(api_key_id=key.pk, five_hours_micros=DOLLAR)
    now = timezone.now()
    KeyBudget.objects.update(five_hours_used=900_000, five_hours_start=now - datetime.timedelta(hours=6))
    assert alerts.tell_of_limits() == 0
    for hours in (4, 1):
        KeyBudget.objects.update(five_hours_start=now - datetime.timedelta(hours=hours))
        assert (alerts.tell_of_limits(), alerts.tell_of_limits()) == (1, 0)
    ends = (now + datetime.timedelta(hours=1)).astimezone(datetime.UTC)
    bodies = [one.body for one in sent()]
    assert f"It begins anew at {ends:%Y-%m-%d %H:%M} (UTC)." in bodies[0]
    assert "This is the limit for five hours." in bodies[0]


def test_a_customers_limit_names_no_key(end_user: Membership, tenant: Tenant, sent: Callable[[], list[Any]]) -> None:
    rule = LimitRule.objects.create(tenant=tenant, scope="customer", day_limit=DOLLAR)
    zone = noonday()
    Tenant.objects.filter(pk=tenant.pk).update(zone=zone)
    today = timezone.now().astimezone(zoneinfo.ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    KeyBudget.objects.create(membership=end_user, rule=rule, day_limit=DOLLAR, day_used=DOLLAR, day_start=today)
    assert alerts.tell_of_limits() == 1
    (told,) = sent()
    assert told.subject == "Your limit at Tea House is used up"
    assert told.body.startswith("At Tea House you have used $1.00 of $1.00. This is the limit for a day.")


@pytest.mark.parametrize(
    ("language", "subject"), [("zh-hans", "您的密钥 laptop 的限额已用尽"), ("zh-hant", "您的金鑰 laptop 的限額已用盡")]
)
def test_it_is_told_in_the_persons_language(
    key: ApiKey, end_user: Membership, sent: Callable[[], list[Any]], language: str, subject: str
) -> None:
    type(end_user.user).objects.filter(pk=end_user.user_id).update(language=language)
    KeyBudget.objects.update(total_used=DOLLAR)
    alerts.tell_of_limits()
    assert [one.subject for one in sent()] == [subject]


def test_nobody_is_told_of_a_wallet_that_was_never_full(end_user: Membership) -> None:
    grant(end_user, 500_000)
    assert alerts.tell_of_wallets() == 0
    assert not WalletWatch.objects.exists()


def test_a_wallet_that_falls_is_told_of_once_until_it_was_full_again(end_user: Membership, sent: Callable[[], list[Any]]) -> None:
    grant(end_user, 2 * DOLLAR)
    assert alerts.tell_of_wallets() == 0
    WalletWatch.objects.update(below_micros=3 * DOLLAR)
    assert (alerts.tell_of_wallets(), alerts.tell_of_wallets()) == (1, 0)
    (told,) = sent()
    assert told.subject == "Less than $3.00 is left at Tea House"
    assert told.body.startswith("Your wallet at Tea House holds $2.00.")
    grant(end_user, 2 * DOLLAR)
    assert alerts.tell_of_wallets() == 0
    assert WalletWatch.objects.get().is_armed


def test_who_wants_to_hear_nothing_hears_nothing(end_user: Membership) -> None:
    alerts.watch(membership_id=end_user.pk, below_micros=0)
    grant(end_user, 2 * DOLLAR)
    assert (alerts.tell_of_wallets(), alerts.tell_of_wallets()) == (0, 0)
    assert WalletWatch.objects.get().below_micros == 0


def test_a_chosen_amount_takes_the_place_of_the_usual_one(end_user: Membership) -> None:
    alerts.watch(membership_id=end_user.pk, below_micros=5 * DOLLAR)
    grant(end_user, 6 * DOLLAR)
    assert alerts.tell_of_wallets() == 0
    alerts.watch(membership_id=end_user.pk, below_micros=7 * DOLLAR)
    assert alerts.tell_of_wallets() == 0, "it was never full by the new measure"


def test_alerts_of_windows_are_forgotten_and_those_of_allowances_kept() -> None:
    for subject in ("budget:1:day:5:100:80", "budget:1:key:0:100:80"):
        LimitAlert.objects.create(subject=subject)
    assert alerts.forget() == 0
    LimitAlert.objects.update(created_at=timezone.now() - datetime.timedelta(days=63))
    assert alerts.forget() == 1
    assert LimitAlert.objects.get().subject == "budget:1:key:0:100:80"


def test_credit_that_ends_soon_is_told_once(end_user: Membership, sent: Callable[[], list[Any]]) -> None:
    source = ledger.account(kind="issuer").pk
    for days in (2, 30):
        lot = ledger.lot(membership_id=end_user.pk, expires_at=timezone.now() + datetime.timedelta(days=days))
        ledger.transfer(kind="gift", key=f"gift:{days}", src_id=source, dst_id=lot.pk, amount=days * DOLLAR)
    assert (alerts.tell_of_expiring(), alerts.tell_of_expiring()) == (1, 0)
    (told,) = sent()
    assert (told.to, told.subject) == (["ann@shop.test"], "$2.00 of your credit at Tea House expires soon")
    assert "(UTC)" in told.body
    LedgerAccount.objects.filter(kind="lot", balance=30 * DOLLAR).update(expires_at=timezone.now() + datetime.timedelta(days=1))
    assert alerts.tell_of_expiring() == 1


def code_order(tenant: Tenant, *, days: int, email: str = "guest@example.test") -> Order:
    """Two codes bought two days ago, to be redeemed within so many days from now."""
    now = timezone.now()
    order = bought_from(stocked(tenant), quantity=2, email=email)
    Order.objects.filter(pk=order.pk).update(delivered_at=now - datetime.timedelta(days=2), language="zh-hans", site="https://shop.test")
    order.product.batches.update(redeem_by=now + datetime.timedelta(days=days))
    return order


def test_who_bought_codes_that_end_soon_is_told_once_an_order(tenant: Tenant, sent: Callable[[], list[Any]]) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(translations={"zh-hans": {"name": "茶店"}})
    order = code_order(tenant, days=5)
    order.codes.filter(pk=order.codes.earliest("pk").pk).update(state="revoked")
    code_order(tenant, days=9)
    sent()
    assert (alerts.tell_of_codes(), alerts.tell_of_codes()) == (1, 0)
    (told,) = sent()
    assert (told.to, told.subject) == (["guest@example.test"], "请及时兑换您在 茶店 购买的兑换码")
    assert f"https://shop.test/o/{capability.of(order)}/" in told.body
    assert "1 个" in told.body
    assert "(UTC)" in told.body
    order.product.batches.update(redeem_by=timezone.now() + datetime.timedelta(days=3))
    assert alerts.tell_of_codes() == 0


@pytest.mark.parametrize("why", ["redeemed", "just bought", "no address", "paid back"])
def test_nobody_is_told_of_codes_that_need_nothing(tenant: Tenant, why: str) -> None:
    order = code_order(tenant, days=5)
    if why == "redeemed":
        order.codes.update(state="redeemed")
    elif why == "just bought":
        Order.objects.update(delivered_at=timezone.now())
    elif why == "no address":
        Order.objects.update(email="", contact="QQ 12345")
    else:
        Order.objects.update(state="refunded")
    assert alerts.tell_of_codes() == 0
