"""A statement's lines add up to the balance, whatever moved and however it is paged."""

from __future__ import annotations

import datetime

import pytest
from django.utils import timezone

from accounts.models import Membership
from billing import chart, ledger, statements

pytestmark = pytest.mark.django_db


def move(member: Membership, micros: int, *, key: str, kind: str = "grant") -> None:
    """Give to the wallet, or take from it when negative."""
    issuer, wallet = chart.account(kind="issuer").pk, chart.wallet(membership_id=member.pk).pk
    src, dst = (issuer, wallet) if micros > 0 else (wallet, issuer)
    ledger.transfer(kind=kind, key=key, src_id=src, dst_id=dst, amount=abs(micros))


def test_a_wallet_without_movements_has_an_empty_statement(end_user: Membership) -> None:
    assert statements.page(membership_id=end_user.pk) == statements.Page(entries=(), older=None)


def test_each_line_carries_the_balance_after_it(end_user: Membership) -> None:
    for number, micros in enumerate([5_000_000, -372, -8_820, 1_000_000]):
        move(end_user, micros, key=f"move-{number}")
    entries = statements.page(membership_id=end_user.pk).entries
    assert [entry.amount_micros for entry in entries] == [1_000_000, -8_820, -372, 5_000_000]
    assert [entry.balance_micros for entry in entries] == [5_990_808, 4_990_808, 4_999_628, 5_000_000]
    assert entries[0].balance_micros == ledger.balance(membership_id=end_user.pk).available_micros


def test_a_price_split_between_sellers_is_one_line(end_user: Membership) -> None:
    move(end_user, 1_000, key="in")
    wallet, sink = chart.wallet(membership_id=end_user.pk).pk, chart.account(kind="sink_usage").pk
    margin = chart.account(kind="margin", tenant_id=end_user.tenant_id).pk
    ledger.post(kind="use", key="use:1", lines=[ledger.Line(wallet, sink, 70), ledger.Line(wallet, margin, 23)])
    entries = statements.page(membership_id=end_user.pk).entries
    assert [(entry.amount_micros, entry.balance_micros) for entry in entries] == [(-93, 907), (1_000, 1_000)]


def test_pages_join_without_gap_and_keep_the_running_balance(end_user: Membership) -> None:
    for number in range(5):
        move(end_user, number + 1, key=f"move-{number}")
    whole = statements.page(membership_id=end_user.pk).entries
    first = statements.page(membership_id=end_user.pk, limit=2)
    second = statements.page(membership_id=end_user.pk, before=first.older, limit=2)
    third = statements.page(membership_id=end_user.pk, before=second.older, limit=2)
    assert first.entries + second.entries + third.entries == whole
    assert third.older is None


def test_a_move_between_the_members_own_pots_is_no_line(end_user: Membership) -> None:
    move(end_user, 5_000_000, key="in")
    wallet = chart.wallet(membership_id=end_user.pk)
    lot = chart.lot(membership_id=end_user.pk, expires_at=timezone.now() + datetime.timedelta(days=1))
    ledger.transfer(kind="transfer", key="own", src_id=wallet.pk, dst_id=lot.pk, amount=1_000_000)
    assert [entry.amount_micros for entry in statements.page(membership_id=end_user.pk).entries] == [5_000_000]


def test_nobody_elses_movements_are_shown(end_user: Membership, reseller_owner: Membership) -> None:
    move(reseller_owner, 7, key="theirs")
    assert statements.page(membership_id=end_user.pk).entries == ()


def test_everything_reads_beyond_one_chunk(end_user: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "CHUNK", 2)
    for number in range(5):
        move(end_user, 10, key=f"move-{number}")
    balances = [entry.balance_micros for entry in statements.everything(membership_id=end_user.pk)]
    assert balances == [50, 40, 30, 20, 10]


def test_a_narrowed_statement_keeps_the_balances_of_the_whole(end_user: Membership) -> None:
    for number, (kind, micros) in enumerate([("grant", 500), ("use", -20), ("grant", 40), ("use", -7), ("use", -3)]):
        move(end_user, micros, key=f"move-{number}", kind=kind)
    used = statements.Wanted(kind="use")
    entries = statements.page(membership_id=end_user.pk, wanted=used).entries
    assert [(entry.amount_micros, entry.balance_micros) for entry in entries] == [(-3, 510), (-7, 513), (-20, 480)]
    first = statements.page(membership_id=end_user.pk, wanted=used, limit=2)
    second = statements.page(membership_id=end_user.pk, wanted=used, before=first.older, limit=2)
    assert first.entries + second.entries == entries
    assert list(statements.everything(membership_id=end_user.pk, wanted=used)) == list(entries)


def test_a_statement_is_narrowed_to_days(end_user: Membership) -> None:
    move(end_user, 500, key="now")
    now, day = timezone.now(), datetime.timedelta(days=1)
    for wanted, count in (
        (statements.Wanted(since=now - day), 1),
        (statements.Wanted(since=now + day), 0),
        (statements.Wanted(until=now + day), 1),
        (statements.Wanted(until=now - day), 0),
        (statements.Wanted(since=now - day, until=now + day), 1),
    ):
        assert len(statements.page(membership_id=end_user.pk, wanted=wanted).entries) == count
