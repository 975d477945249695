"""Examples in mails: money in the shop's currency, quota in the unit its customers see."""

from __future__ import annotations

import pytest

from accounts.mail_kinds import MAILS
from accounts.models import Tenant
from billing import mail_samples

pytestmark = pytest.mark.django_db


def test_money_is_in_the_shops_currency_and_quota_in_its_unit() -> None:
    yen = Tenant(currency="JPY", quota_unit="points")
    told = mail_samples.of("order_placed", tenant=yen, language="en")
    assert (told["total"], told["amount"], told["pieces"]) == ("JPY 78", "JPY 39", "2 × 2,500,000 points")
    assert mail_samples.of("wallet_low", tenant=yen, language="zh-hans")["balance"] == "400,000 点"
    assert mail_samples.of("credit_expiring", tenant=yen, language="en")["amount"] == "2,500,000 points"
    usual = mail_samples.of("limit_near", tenant=Tenant(currency="CNY"), language="en")
    assert (usual["used"], usual["limit"], usual["total"], usual["pieces"]) == ("$9.10", "$10.00", "¥78.00", "2 × $5.00")


def test_all_that_a_mail_does_not_name_is_left_out_of_its_example() -> None:
    known = {name for one in MAILS.values() for name in one.names}
    assert set(mail_samples.of("approved", tenant=Tenant(currency="USD"), language="en")) <= known
