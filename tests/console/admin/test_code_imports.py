"""Codes of another system brought in at the back office: good at once, bad lines named, all or nothing."""

from __future__ import annotations

import datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import AuditEvent, Membership, Tenant
from billing import audit, codes, ledger
from billing.models import Code, CodeBatch
from tests.console.admin.test_codes import stock

pytestmark = pytest.mark.django_db

__all__ = ["stock"]

LIST = "/reseller/billing/codebatch/"
PAGE = f"{LIST}import_codes/"
FIVE = 5_000_000


def left(tenant: Tenant) -> int:
    return ledger.balance_of(ledger.account(kind="stock", tenant_id=tenant.pk))


def test_pasted_codes_are_good_at_once_and_covered_by_stock(desk: Client, stock: Tenant, end_user: Membership) -> None:
    assert PAGE in desk.get(LIST).content.decode()
    day = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=9)).date()
    pasted = "old-shop-code-1\r\n\r\nold-shop-code-2\r\nOLD SHOP CODE 1"
    answer = desk.post(PAGE, {"text": pasted, "units_micros": "5", "redeem_by": day.isoformat(), "note": "June"})
    assert [str(value) for _name, value in answer.context["facts"]][1:3] == ["2", "1"]
    batch = CodeBatch.objects.get()
    assert (batch.count, batch.is_imported, batch.note) == (2, True, "June")
    assert batch.redeem_by is not None
    assert batch.redeem_by.date() == day + datetime.timedelta(days=1)
    assert left(stock) == 90_000_000
    event = AuditEvent.objects.get()
    assert (event.action, event.after["count"]) == ("codebatch.import", 2)
    assert codes.redeem(membership=end_user, code="old shop code 2").units_micros == FIVE
    assert audit.run() == []


def test_the_export_of_another_system_is_read_from_its_file(desk: Client, stock: Tenant) -> None:
    file = SimpleUploadedFile("codes.csv", b"\xef\xbb\xbfid,key,quota\n1,aaaaaaaaaaaa,5\n2,bbbbbbbbbbbb,5\n", content_type="text/csv")
    desk.post(PAGE, {"file": file, "text": "", "units_micros": "5"})
    assert sorted(Code.objects.values_list("last4", flat=True)) == ["AAAA", "BBBB"]


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"text": "good-enough-code\nshort\nABCDE-FGHJK-MNPQR-STVWX\ntiny"}, "Lines: 2, 4. Nothing was imported."),
        ({"text": "good-enough-code\nshort\nABCDE-FGHJK-MNPQR-STVWX\ntiny"}, "Lines: 3. Nothing was imported."),
        ({"text": ""}, "one of the two"),
        ({"text": "good-enough-code", "units_micros": ""}, "This field is required"),
        ({"text": "good-enough-code", "units_micros": "0"}, "worth more than $0"),
        ({"text": "good-enough-code", "units_micros": "101"}, "need $101.00 of stock"),
        ({"text": "good-enough-code", "redeem_by": "2020-01-01"}, "This day is over."),
        ({"text": "\n".join(f"a-code-number-{n}" for n in range(10_001))}, "10001 codes are too many at once"),
    ],
)
def test_a_bad_import_says_why_keeps_what_was_pasted_and_brings_nothing(
    desk: Client, stock: Tenant, values: dict[str, str], why: str
) -> None:
    answer = desk.post(PAGE, {"units_micros": "5"} | values)
    assert why in answer.content.decode()
    assert answer.context["form"]["text"].value() == values["text"]
    assert (CodeBatch.objects.count(), Code.objects.count(), AuditEvent.objects.count(), left(stock)) == (0, 0, 0, 100_000_000)


def test_a_list_that_is_known_brings_nothing_and_says_so(desk: Client, stock: Tenant) -> None:
    for _ in range(2):
        answer = desk.post(PAGE, {"text": "old-shop-code-1", "units_micros": "5"})
    assert "All of these codes are known already" in answer.content.decode()
    assert (CodeBatch.objects.count(), left(stock)) == (1, 95_000_000)


def test_support_cannot_import(desk: Client, stock: Tenant, reseller_owner: Membership) -> None:
    reseller_owner.role = Membership.Role.SUPPORT
    reseller_owner.save(update_fields=["role"])
    assert desk.post(PAGE, {"text": "old-shop-code-1", "units_micros": "5"}).status_code == 403
    assert not Code.objects.exists()


def test_minted_codes_may_have_a_last_day(desk: Client, stock: Tenant) -> None:
    day = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=9)).date()
    desk.post(f"{LIST}add/", {"units_micros": "5", "count": "1", "redeem_by": day.isoformat()})
    made = CodeBatch.objects.get().redeem_by
    assert made is not None
    assert made.date() == day + datetime.timedelta(days=1)
