"""Invoices: asked for by the buyer, issued by staff as a PDF or declined; each step a compare-and-swap with a mail.

InvoiceError
├── BadInvoice     what was typed or sent makes no invoice; the message says why
└── WrongInvoice   the request is not in a state for this, or the order was not paid
"""

from __future__ import annotations

import io
import re
import secrets
from collections.abc import Iterator
from typing import IO, Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from pypdf import PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import DictionaryObject

from accounts import events
from accounts.models import User
from billing import order_mail, orders
from billing.models import InvoiceRequest, Order

MOST_BYTES = 5 * 1024 * 1024
# Mainland numbers have 15 to 20 letters and digits, others between 5 and 20 with dashes and blanks.
_TAX_NUMBER = re.compile(r"[A-Z0-9][A-Z0-9 .-]{3,28}[A-Z0-9]")
# What a bill has no use for: it would run something when somebody reads it. (An attached XML, and a page to open at, are usual.)
_ACTIVE = frozenset({"/JavaScript", "/JS", "/RichMedia", "/XFA"})
_ACTIONS = frozenset({"/JavaScript", "/Launch", "/SubmitForm", "/ImportData"})

State = InvoiceRequest.State


class InvoiceError(Exception):
    """The base of what invoices refuse."""


class BadInvoice(InvoiceError):
    """This is no title, tax number or file for an invoice."""


class WrongInvoice(InvoiceError):
    """The request cannot do this now."""


@transaction.atomic
def request(*, order: Order, title: str, tax_number: str = "", note: str = "") -> InvoiceRequest:
    """Note that a buyer wants an invoice; until it is issued the newest words count. Raises BadInvoice and WrongInvoice."""
    locked = orders.lock(order.pk)
    number = " ".join(tax_number.upper().split())
    if not title.strip():
        raise BadInvoice(_("Write in whose name the invoice is to be."))
    if number and not _TAX_NUMBER.fullmatch(number):
        raise BadInvoice(_("A tax number has 5 to 30 letters and digits."))
    if not may_ask(locked):
        raise WrongInvoice(_("There are invoices for paid orders only."))
    found = InvoiceRequest.objects.filter(order=locked).first()
    if found is not None and found.state == State.ISSUED:
        raise WrongInvoice(_("The invoice has been issued: ask the shop to change it."))
    words = {"title": title.strip()[:120], "tax_number": number, "note": note.strip()[:200]}
    fresh = words | {"state": State.REQUESTED, "answer": "", "ended_at": None}
    made, _is_new = InvoiceRequest.objects.update_or_create(order=locked, defaults=fresh)
    if found is None or found.state != State.REQUESTED:
        told = {"number": locked.number, "title": made.title}
        events.emit(tenant_id=locked.tenant_id, kind="invoice.asked", data=told)
    return made


def may_ask(order: Order) -> bool:
    """Tell whether an order is one that invoices are written for."""
    return order.state in {Order.State.PAID, Order.State.DELIVERED}


@transaction.atomic
def issue(*, invoice: InvoiceRequest, file: IO[bytes], size: int, actor: User | None) -> None:
    """Keep the PDF of an invoice and tell the buyer; an issued one can be replaced. Raises BadInvoice and WrongInvoice."""
    content = _checked(file, size)
    name = f"{invoice.order.tenant_id}/{secrets.token_urlsafe(18)}"
    _step(invoice, before=(State.REQUESTED, State.ISSUED), to=State.ISSUED, actor=actor, name=name, ended_at=timezone.now())
    default_storage.save(path_of(name), ContentFile(content))
    order_mail.write(invoice.order, "invoice_issued", occasion=name)


@transaction.atomic
def decline(*, invoice: InvoiceRequest, reason: str, actor: User | None) -> None:
    """Refuse a request, with the reason. Raises WrongInvoice."""
    _step(invoice, before=(State.REQUESTED,), to=State.DECLINED, actor=actor, answer=reason[:200], ended_at=timezone.now())
    order_mail.write(invoice.order, "invoice_declined", occasion=f"{invoice.pk}:{timezone.now():%s}", reason=reason)


def read(invoice: InvoiceRequest) -> bytes:
    """Return the PDF of an issued invoice; raise FileNotFoundError."""
    if not invoice.name:
        raise FileNotFoundError(invoice.pk)
    with default_storage.open(path_of(invoice.name)) as file:
        content: bytes = file.read()
    return content


def path_of(name: str) -> str:
    """Return where the storage keeps an invoice."""
    return f"invoices/{name}.pdf"


def _checked(file: IO[bytes], size: int) -> bytes:
    """Return a PDF that only shows pages. Raises BadInvoice."""
    if size > MOST_BYTES:
        raise BadInvoice(_("The file is larger than %(most)d MB.") % {"most": MOST_BYTES // 1024 // 1024})
    content = file.read()
    if not content.startswith(b"%PDF-"):
        raise BadInvoice(_("This is no PDF."))
    try:
        reader = PdfReader(io.BytesIO(content), strict=False)
        if reader.is_encrypted:
            raise BadInvoice(_("The PDF asks for a password: send it without."))
        pages, active = len(reader.pages), _ACTIVE & set(_names(reader.root_object))
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OSError):
        # What pypdf raises for files that are broken in one of many ways.
        raise BadInvoice(_("This PDF cannot be read.")) from None
    if not pages:
        raise BadInvoice(_("This PDF cannot be read."))
    if active:
        raise BadInvoice(_("The PDF holds scripts or starts programs: send one that only shows pages."))
    return content


def _names(root: DictionaryObject, *, most: int = 20_000) -> Iterator[str]:
    """Yield every key below a PDF's root, each object once; an action that does something counts as a script."""
    seen: set[int] = set()
    waiting: list[Any] = [root]
    while waiting and len(seen) < most:
        value = waiting.pop().get_object()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, dict):
            yield from map(str, value)
            if str(value.get("/S")) in _ACTIONS:
                yield "/JS"
            waiting += [part for part in value.values() if hasattr(part, "get_object")]
        elif isinstance(value, list):
            waiting += [part for part in value if hasattr(part, "get_object")]


def _step(invoice: InvoiceRequest, *, before: tuple[str, ...], to: str, **fields: object) -> None:
    if InvoiceRequest.objects.filter(pk=invoice.pk, state__in=before).update(state=to, **fields) != 1:
        raise WrongInvoice(_("The request has gone on meanwhile: look at it again."))
    invoice.state = to
    for name, value in fields.items():
        setattr(invoice, name, value)
