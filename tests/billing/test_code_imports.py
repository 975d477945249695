"""Codes of another system: good under their own texts, once."""

from __future__ import annotations

import pytest

from accounts.models import Membership, Tenant
from billing import audit, chart, code_imports, codes, ledger
from billing.models import Code, CodeBatch

pytestmark = pytest.mark.django_db

DOLLAR = 1_000_000


def stocked(tenant: Tenant, micros: int) -> None:
    stock = chart.account(kind="stock", tenant_id=tenant.pk)
    ledger.transfer(kind="wholesale", key="w", src_id=chart.account(kind="issuer").pk, dst_id=stock.pk, amount=micros)


def test_a_list_that_comes_twice_is_taken_once(tenant: Tenant) -> None:
    stocked(tenant, 5 * DOLLAR)
    texts = ["abcd-efgh-0001", "abcd-efgh-0002", "ABCD EFGH 0002"]
    first = code_imports.adopt(tenant=tenant, texts=texts, units_micros=DOLLAR)
    assert (first.batch.count, first.known) == (2, 1)  # type: ignore[union-attr]
    again = code_imports.adopt(tenant=tenant, texts=[*texts, "abcd-efgh-0003"], units_micros=DOLLAR)
    assert (again.batch.count, again.known) == (1, 3)  # type: ignore[union-attr]
    assert code_imports.adopt(tenant=tenant, texts=texts, units_micros=DOLLAR) == code_imports.Imported(None, 3)
    assert ledger.balance_of(chart.account(kind="stock", tenant_id=tenant.pk)) == 2 * DOLLAR
    assert audit.run() == []


def test_one_that_is_not_covered_brings_nothing(tenant: Tenant) -> None:
    stocked(tenant, DOLLAR)
    with pytest.raises(codes.NotCovered):
        code_imports.adopt(tenant=tenant, texts=["abcd-efgh-0001", "abcd-efgh-0002"], units_micros=DOLLAR)
    assert (CodeBatch.objects.count(), Code.objects.count()) == (0, 0)


@pytest.mark.parametrize("text", ["short", "x" * 121, ""])
def test_what_can_be_guessed_or_is_no_code_is_refused(tenant: Tenant, text: str) -> None:
    with pytest.raises(codes.BadBatch, match="12 to 120 characters"):
        code_imports.adopt(tenant=tenant, texts=[text], units_micros=DOLLAR)


def test_what_looks_like_a_mistyped_code_of_ours_is_refused(tenant: Tenant) -> None:
    with pytest.raises(codes.BadBatch, match="typo"):
        code_imports.adopt(tenant=tenant, texts=["ABCDE-FGHJK-MNPQR-STVWX"], units_micros=DOLLAR)


def test_it_is_redeemed_once_and_a_typo_is_told_as_one(tenant: Tenant, end_user: Membership, stranger: Membership) -> None:
    stocked(tenant, DOLLAR)
    code_imports.adopt(tenant=tenant, texts=["Hello-World-Code-1"], units_micros=DOLLAR)
    with pytest.raises(codes.Typo):
        codes.redeem(membership=end_user, code="Hello-World-Code-2")
    assert codes.redeem(membership=end_user, code=" hello world code 1").units_micros == DOLLAR
    assert codes.redeem(membership=end_user, code="hello-world-code-1").is_repeat
    with pytest.raises(codes.Typo):
        codes.redeem(membership=stranger, code="hello-world-code-1")
    assert ledger.balance(membership_id=end_user.pk).available_micros == DOLLAR


def test_guesses_are_slowed_down(tenant: Tenant, end_user: Membership) -> None:
    stocked(tenant, DOLLAR)
    code_imports.adopt(tenant=tenant, texts=["Hello-World-Code-1"], units_micros=DOLLAR)
    for number in range(5):
        with pytest.raises(codes.Typo):
            codes.redeem(membership=end_user, code=f"guess-number-{number:06}")
    with pytest.raises(codes.TooMany):
        codes.redeem(membership=end_user, code="Hello-World-Code-1")


def test_its_text_is_not_kept(tenant: Tenant) -> None:
    stocked(tenant, DOLLAR)
    code_imports.adopt(tenant=tenant, texts=["Hello-World-Code-1"], units_micros=DOLLAR)
    with pytest.raises(codes.CodeError, match="kept as fingerprints alone"):
        codes.reveal(Code.objects.select_related("batch"))
