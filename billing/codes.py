"""Mint and redeem quota codes. Every step is a compare-and-swap with an event row.

CodeError
├── NotCovered        the tenant's stock does not cover a batch
├── BadBatch          amount, count or product make no sense
├── Unfinished        the batch is still being minted
├── SoldOut           fewer codes are free than wanted
└── CannotRedeem      what the person at the redeem form is told
    ├── Typo          the check character does not fit; nothing was looked up
    ├── Refused       unknown, used, revoked, expired or another shop's: one message for all
    └── TooMany       attempts too fast
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts import events
from accounts.models import Membership, Tenant, User
from billing import code_text, ledger, redeem_limits, shared_codes
from billing.models import Code, CodeBatch, CodeEvent, Journal, Order, Product
from billing.money import format_usd
from foundation import vault

MOST_PER_BATCH = 10_000
TYPO = "this is not a whole code: a character is missing or wrong"

State = Code.State


class CodeError(Exception):
    """The base of what can go wrong with codes."""


class NotCovered(CodeError):
    """The stock does not cover what is to be minted; nothing was minted."""


class BadBatch(CodeError):
    """The batch cannot be minted as asked for."""


class Unfinished(CodeError):
    """Wait until all codes of the batch are made."""


class SoldOut(CodeError):
    """There are not so many codes."""


class CannotRedeem(CodeError):
    """The code was not redeemed."""


class Typo(CannotRedeem):
    """A character is wrong or missing."""


class Refused(CannotRedeem):
    """The code is not good here."""


class TooMany(CannotRedeem):
    """Wait before the next attempt."""


@dataclass(frozen=True, slots=True)
class Minted:
    """A new batch and its codes in plain text."""

    batch: CodeBatch
    codes: list[str]


@dataclass(frozen=True, slots=True)
class Redeemed:
    """What a code brought; `is_repeat` when the same person had redeemed it before."""

    units_micros: int
    journal: Journal
    expires_at: datetime.datetime | None = None
    is_repeat: bool = False


@transaction.atomic
def mint(
    *,
    tenant: Tenant,
    units_micros: int,
    count: int,
    product: Product | None = None,
    offline: bool = False,
    redeem_by: datetime.datetime | None = None,
    valid_days: int | None = None,
    note: str = "",
    actor: User | None = None,
    at_once: int = MOST_PER_BATCH,
) -> Minted:
    """Mint codes against the tenant's stock, all or none; the platform's stock is filled from the issuer as needed.

    Only the first `at_once` are made now: `minting` goes on with a larger batch, whose quota is set aside whole.
    Raises BadBatch and NotCovered.
    """
    if units_micros <= 0 or not 0 < count <= MOST_PER_BATCH:
        raise BadBatch(f"mint 1 to {MOST_PER_BATCH:,} codes of more than $0")
    if product is not None and (product.tenant_id, product.units_micros) != (tenant.pk, units_micros):
        raise BadBatch("the product belongs to another tenant, has another denomination or sells no quota")
    batch = CodeBatch.objects.create(
        tenant=tenant, product=product, units_micros=units_micros, count=count, salt=os.urandom(16).hex(), is_offline=offline,
        redeem_by=redeem_by, valid_days=valid_days, note=note, actor=actor, unminted=count,
    )  # fmt: skip
    fill_escrow(batch)
    return Minted(batch=batch, codes=make(batch, at_most=at_once))


def make(batch: CodeBatch, *, at_most: int) -> list[str]:
    """Make the next codes of a new or locked batch that are not there yet, within the caller's transaction; return their texts."""
    first = batch.count - batch.unminted + 1
    key = _keys()[0]
    texts = {serial: _derive(batch, serial, key) for serial in range(first, min(first + at_most, batch.count + 1))}
    Code.objects.bulk_create(
        (Code(batch=batch, serial=n, digest=digests(text)[0], last4=text[-4:]) for n, text in texts.items()), batch_size=1000
    )
    batch.unminted -= len(texts)
    batch.save(update_fields=["unminted"])
    return [code_text.grouped(text) for text in texts.values()]


def redeem(*, membership: Membership, code: str, address: str | None = None) -> Redeemed:
    """Move a code's quota into the member's wallet (or expiring lot), exactly once. Raises Typo, TooMany, Refused."""
    text = code_text.normalise(code)
    is_ours = code_text.is_sound(text)
    # Codes of another system and promo codes have no check character: only looking tells.
    if not is_ours and (code_text.is_like_ours(text) or not _has_free_texts(membership.tenant_id)):
        raise Typo(TYPO)
    if not redeem_limits.may_try(user_id=membership.user_id, address=address):
        raise TooMany("too many attempts: wait a minute and try again")
    try:
        done = _redeem(membership, text, address)
    except Refused:
        redeem_limits.count_failure(user_id=membership.user_id, tenant_id=membership.tenant_id)
        if not is_ours and not shared_codes.exists(tenant_id=membership.tenant_id, text=text):
            raise Typo(TYPO) from None
        raise
    redeem_limits.give_back(user_id=membership.user_id, address=address, tenant_id=membership.tenant_id)
    return done


@transaction.atomic
def redeem_order(*, membership: Membership, order: Order, address: str | None = None) -> list[Redeemed]:
    """Redeem all codes of an order that are still open, all or none; nobody guesses here, so no limits. Raises Refused."""
    rows = list(order.codes.filter(state=State.SOLD).select_related("batch").order_by("pk"))
    if not rows:
        raise Refused("this order has no code left to redeem")
    return [_redeem(membership, code_text.normalise(_recover(row)), address) for row in rows]


def _has_free_texts(tenant_id: int) -> bool:
    return CodeBatch.objects.filter(Q(is_imported=True) | ~Q(shared_spelling=""), tenant_id=tenant_id).exists()


@transaction.atomic
def _redeem(membership: Membership, text: str, address: str | None) -> Redeemed:
    rows = Code.objects.select_related("batch").select_for_update(of=("self",), no_key=True)
    code = rows.filter(digest__in=digests(text), batch__tenant_id=membership.tenant_id).first()
    code = code or shared_codes.claim(membership=membership, text=text)
    if code is None:
        raise Refused("this code is not valid")
    if code.state == State.REDEEMED and code.redeemed_by_id == membership.pk and code.journal is not None:
        return Redeemed(code.batch.units_micros, code.journal, is_repeat=True)
    is_good = code.state == State.SOLD or (code.state == State.AVAILABLE and (code.batch.is_offline or code.batch.shared_spelling == text))
    if not is_good or is_past(code.batch.redeem_by):
        raise Refused("this code is not valid")
    done = pay_out(code, membership=membership, address=address)
    told = {"customer": membership.pk, "batch": code.batch_id, "last4": code.last4, "units_micros": done.units_micros}
    events.emit(tenant_id=membership.tenant_id, kind="code.redeemed", data=told, key=str(code.pk))
    return done


def pay_out(code: Code, *, membership: Membership, address: str | None = None) -> Redeemed:
    """Move the quota of a locked code that is sold into a member's wallet (or expiring lot), within the caller's transaction."""
    batch, until = code.batch, _credit_until(code.batch)
    target = ledger.lot(membership_id=membership.pk, expires_at=until) if until else ledger.wallet(membership_id=membership.pk)
    line = ledger.Line(escrow_of(batch), target.pk, batch.units_micros)
    journal = ledger.post(
        kind="redeem", key=f"redeem:{code.pk}", lines=[line], tenant_id=batch.tenant_id, actor_id=membership.user_id,
        reference=f"code:{code.pk}",
    )  # fmt: skip
    step(
        [code],
        to=State.REDEEMED,
        actor=membership.user,
        address=address,
        redeemed_by=membership,
        redeemed_at=timezone.now(),
        journal=journal,
    )
    return Redeemed(batch.units_micros, journal, expires_at=until)


def reveal(rows: Iterable[Code]) -> list[str]:
    """Return codes in plain text by making them again; the caller has checked who asks."""
    return [code_text.grouped(_recover(row)) for row in rows]


def digests(text: str) -> tuple[str, ...]:
    """Return the digests under which a normalised code may be stored, the newest key's first."""
    return vault.digests(text, purpose="code")


def is_past(moment: datetime.datetime | None) -> bool:
    """Tell whether an optional deadline is over."""
    return moment is not None and moment <= timezone.now()


def step(
    rows: Sequence[Code],
    *,
    to: str,
    actor: User | None = None,
    reason: str = "",
    address: str | None = None,
    for_order: Order | None = None,
    **fields: object,
) -> None:
    """Move locked codes of one state on, with their events; all of them or an error that undoes everything."""
    if not rows:
        return
    before, order = rows[0].state, for_order.pk if for_order else None
    moved = Code.objects.filter(pk__in=[row.pk for row in rows], state=before).update(state=to, **fields)
    if moved != len(rows):
        raise CodeError("a code changed in between")
    CodeEvent.objects.bulk_create(
        CodeEvent(code=row, before=before, after=to, actor=actor, reason=reason, address=address, order_id=order or row.order_id)
        for row in rows
    )


def escrow_of(batch: CodeBatch) -> int:
    """Return the account that holds what a batch's codes are worth."""
    return ledger.account(kind="escrow", tenant_id=batch.tenant_id, owner=batch.pk).pk


def stock_of(tenant_id: int) -> int:
    """Return the account of quota a tenant may mint from."""
    return ledger.account(kind="stock", tenant_id=tenant_id).pk


def fill_escrow(batch: CodeBatch) -> None:
    """Set a new batch's quota aside, within the caller's transaction; raise NotCovered."""
    amount = batch.units_micros * batch.count
    stock = stock_of(batch.tenant_id)
    lines = [ledger.Line(stock, escrow_of(batch), amount)]
    if batch.tenant.is_root:
        lines.insert(0, ledger.Line(ledger.account(kind="issuer").pk, stock, amount))
    try:
        ledger.post(kind="mint", key=f"mint:{batch.pk}", lines=lines, tenant_id=batch.tenant_id, reference=f"batch:{batch.pk}")
    except ledger.InsufficientFunds:
        raise NotCovered(
            f"{batch.count} codes of {format_usd(batch.units_micros)} need {format_usd(amount)} of stock; buy quota first"
        ) from None


def _credit_until(batch: CodeBatch) -> datetime.datetime | None:
    """Return when the credit of a code redeemed now ends: at a midnight (UTC), so that lots of one day are one account."""
    if batch.valid_days is None:
        return None
    day = timezone.now() + datetime.timedelta(days=batch.valid_days + 1)
    return day.replace(hour=0, minute=0, second=0, microsecond=0)


def _keys() -> list[bytes]:
    """Return the keys that codes are made with, the newest first."""
    return [bytes.fromhex(key) for key in vault.digests("code.v1", purpose="code-generation")]


def _derive(batch: CodeBatch, serial: int, key: bytes) -> str:
    salt = bytes.fromhex(batch.salt)
    return code_text.derive(key=key, tenant_id=batch.tenant_id, batch_id=batch.pk, serial=serial, salt=salt)


def _recover(row: Code) -> str:
    if row.batch.is_imported:
        raise CodeError("imported codes are kept as fingerprints alone: their texts are where they came from")
    if row.batch.shared_spelling:
        raise CodeError("the uses of a promo code are no codes by themselves")
    for key in _keys():
        text = _derive(row.batch, row.serial, key)
        if row.digest in digests(text):
            return text
    raise CodeError("this code was made with a master secret that is gone")
