"""Cards: texts from elsewhere, tried and imported, sealed at rest, set aside for an order, sold once, exported, voided.

Raises `BadCards`, and `codes.SoldOut` where too few are left.
"""

from __future__ import annotations

import csv
import enum
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from billing.codes import CodeError, SoldOut
from billing.models import Card, CardBatch, Order, Product
from foundation import vault

MOST_PER_IMPORT = 10_000
LONGEST = 1_000
# So many bad lines are named; the rest is like them.
_NAMED = 10

State = Card.State


class BadCards(ValueError):
    """Nothing was imported; the message names the lines that make no card."""


class Fault(enum.StrEnum):
    """Why a line makes no card."""

    LENGTH = "too_long"
    NO_TEXT = "not_text"


@dataclass(frozen=True, slots=True)
class Draft:
    """What an import would do: the new cards, and the lines (counted from 1) that repeat one, are known before, or make no card."""

    fresh: tuple[str, ...]
    repeated: tuple[int, ...]
    known: tuple[int, ...]
    refused: Mapping[int, Fault]

    @property
    def is_importable(self) -> bool:
        """Tell whether an import would bring these cards now: one refused line refuses all."""
        return bool(self.fresh) and not self.refused


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an import: the batch, and the lines (counted from 1) whose card stood there twice or was known before."""

    batch: CardBatch
    repeated: tuple[int, ...]
    known: tuple[int, ...]


def read(text: str, *, columns: Sequence[str] = ("secret",)) -> list[str]:
    """Return the cards in a text: the named column of a CSV with a header, else one a line; empty lines stay, so that lines count."""
    lines = text.removeprefix("\ufeff").splitlines()
    header = [name.strip().lower() for name in lines[0].split(",")] if lines else []
    named = [name for name in columns if name in header]
    if not named:
        return [line.strip() for line in lines]
    at = header.index(named[0])
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    return ["", *(row[at].strip() if len(row) > at else "" for row in rows[1:])]


def rehearse(*, product: Product, lines: Sequence[str]) -> Draft:
    """Tell what importing these lines would do, and store nothing. Raises BadCards where there is nothing to tell by line."""
    if product.kind != Product.Kind.CARD:
        raise BadCards(_("This product is not delivered as imported cards."))
    texts, repeated, refused = _sorted(lines)
    if not (texts or refused):
        raise BadCards(_("There is no card in this."))
    if len(texts) > MOST_PER_IMPORT:
        raise BadCards(_("Import at most %(most)d cards at once.") % {"most": MOST_PER_IMPORT})
    known = _known(product, texts)
    fresh = tuple(text for text in texts if text not in known)
    return Draft(fresh, repeated=repeated, known=tuple(texts[text] for text in texts if text in known), refused=refused)


@transaction.atomic
def take_in(*, product: Product, lines: Sequence[str], actor: User | None, note: str = "") -> Imported:
    """Put cards on the shelf; what is there already is left out and named. Raises BadCards, and then nothing is imported."""
    # Two imports at once would not see each other's cards.
    Product.objects.select_for_update(no_key=True).get(pk=product.pk)
    draft = rehearse(product=product, lines=lines)
    if draft.refused:
        named = ", ".join(map(str, list(draft.refused)[:_NAMED])) + (" …" if len(draft.refused) > _NAMED else "")
        raise BadCards(_("Too long for a card, or not text: line %(lines)s. Nothing was imported.") % {"lines": named})
    if not draft.fresh:
        raise BadCards(_("All of these cards are known already."))
    batch = CardBatch.objects.create(tenant_id=product.tenant_id, product=product, count=len(draft.fresh), note=note, actor=actor)
    Card.objects.bulk_create(
        (Card(batch=batch, product=product, digest=_digests(text)[0], sealed=_seal(text), last4=text[-4:]) for text in draft.fresh),
        batch_size=1000,
    )
    return Imported(batch, repeated=draft.repeated, known=draft.known)


def available(*, product: Product) -> int:
    """Return how many cards of a product can be sold now."""
    return product.cards.filter(state=State.AVAILABLE).count()


def reserve(*, product: Product, count: int, order: Order) -> list[Card]:
    """Set cards aside for an order, the oldest first, within the caller's transaction; raise codes.SoldOut."""
    free = product.cards.filter(state=State.AVAILABLE).order_by("pk")
    rows = list(free.select_for_update(no_key=True, skip_locked=True)[:count])
    if len(rows) < count:
        raise SoldOut(f"only {len(rows)} left" if rows else "sold out")
    _step(rows, to=State.RESERVED, order=order)
    return rows


def release(*, order: Order) -> None:
    """Put an order's reserved cards back on the shelf."""
    _step(_reserved(order), to=State.AVAILABLE, order=None)


def sell(*, order: Order) -> int:
    """Hand an order's reserved cards over to the buyer and return how many they are."""
    rows = _reserved(order)
    _step(rows, to=State.SOLD, order=order)
    return len(rows)


@transaction.atomic
def void(*, cards: QuerySet[Card]) -> int:
    """Take cards off the shelf for ever (a leak, a mistake), those of them that are on it; return how many."""
    rows = list(cards.filter(state=State.AVAILABLE).order_by("pk").select_for_update(no_key=True))
    _step(rows, to=State.VOID, order=None)
    return len(rows)


def reveal(rows: Iterable[Card]) -> list[str]:
    """Return cards in plain text; the caller has checked who asks."""
    return [vault.unseal(row.sealed, context="card") for row in rows]


def _sorted(lines: Sequence[str]) -> tuple[dict[str, int], tuple[int, ...], dict[int, Fault]]:
    """Return each card with its line, the lines that repeat one, and those that make none."""
    found: dict[str, int] = {}
    repeated, refused = [], {}
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        if len(line) > LONGEST:
            refused[number] = Fault.LENGTH
        elif "\0" in line:
            refused[number] = Fault.NO_TEXT
        elif line in found:
            repeated.append(number)
        else:
            found[line] = number
    return found, tuple(repeated), refused


def _known(product: Product, texts: Iterable[str]) -> set[str]:
    """Return which texts are cards of the product already, whatever became of them."""
    by_digest = {digest: text for text in texts for digest in _digests(text)}
    rows = product.cards.filter(digest__in=list(by_digest)).values_list("digest", flat=True)
    return {by_digest[digest] for digest in rows}


def _reserved(order: Order) -> list[Card]:
    return list(order.cards.filter(state=State.RESERVED).order_by("pk").select_for_update(no_key=True))


def _step(rows: Sequence[Card], *, to: str, order: Order | None) -> None:
    if not rows:
        return
    changed = Card.objects.filter(pk__in=[row.pk for row in rows], state=rows[0].state)
    if changed.update(state=to, order=order, changed_at=timezone.now()) != len(rows):
        raise CodeError("a card changed in between")


def _digests(text: str) -> tuple[str, ...]:
    return vault.digests(text, purpose="card")


def _seal(text: str) -> str:
    return vault.seal(text, context="card")
