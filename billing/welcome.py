"""What a shop's first pages say beside its products: how it delivers, refunds and takes money, and what people ask."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils.safestring import SafeString

from accounts import legal, tenants
from accounts.models import LegalPage, Tenant
from billing import catalogue, gateways, means, texts
from billing.means import Means
from billing.models import Product

_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Entry:
    """A question with its answer; what a shop wrote before its first question has none."""

    question: str
    answer: SafeString


@dataclass(frozen=True, slots=True)
class Welcome:
    """What is true of a shop now: the pages say nothing else of it."""

    is_instant: bool
    is_by_hand: bool
    has_quota: bool
    has_refund_rules: bool
    ways: list[Means]
    entries: list[Entry]


def of(tenant: Tenant, *, device: str) -> Welcome:
    """Return what to say of a shop to a visitor on a device, in this thread's language."""
    kinds, accounts = catalogue.kinds(tenant), gateways.usable(tenant=tenant)
    return Welcome(
        is_instant=bool(kinds - {Product.Kind.MANUAL}), is_by_hand=Product.Kind.MANUAL in kinds,
        has_quota=not kinds.isdisjoint(Product.MINTED_KINDS), has_refund_rules=LegalPage.Kind.REFUNDS in legal.kinds(tenant),
        ways=means.available(accounts, amount_minor=None, currency=tenant.currency, device=device),
        entries=entries(tenants.spoken(tenant).faq),
    )  # fmt: skip


def entries(text: str) -> list[Entry]:
    """Read Markdown whose headings are questions; each answer reaches to the next one."""
    before, *parts = _HEADING.split(text)
    found = [Entry("", texts.as_html(before))] if before.strip() else []
    return found + [Entry(question, texts.as_html(answer)) for question, answer in zip(parts[::2], parts[1::2], strict=True)]
