"""What every payment driver does: start, parse, query, refund, reply. Drivers authenticate and translate; money rules live in `orders`.

Raises `BadCallback` (not from the gateway, or unreadable: nothing is believed) and `GatewayError` (the gateway cannot be used now).
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from billing.models import GatewayAccount, PaymentAttempt


class BadCallback(Exception):
    """A message that does not prove where it comes from; the text says why, in words for the operator."""


class GatewayError(Exception):
    """The gateway refused or did not answer."""


@dataclass(frozen=True, slots=True)
class Message:
    """An incoming HTTP message as drivers see it."""

    method: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """One thing a gateway says happened; amounts in minor units. `kind`: paid, failed, expired, or another (ignored)."""

    attempt_token: str
    event_id: str
    kind: str
    transaction: str
    amount_minor: int
    currency: str
    occurred_at: datetime.datetime
    raw: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Redirect:
    """Where the buyer goes to pay; a path of ours or an address of the gateway."""

    url: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What the gateway is answered."""

    status: int
    text: str


class Driver(Protocol):
    """One gateway."""

    slug: ClassVar[str]
    label: ClassVar[str]

    def is_ready(self, account: GatewayAccount) -> bool:
        """Tell whether the account may be used: its secrets are there."""

    def start(self, attempt: PaymentAttempt) -> Redirect:
        """Begin a payment at the gateway; raise GatewayError."""

    def parse(self, account: GatewayAccount, message: Message) -> Sequence[ProviderEvent]:
        """Authenticate a message and translate it; raise BadCallback."""

    def query(self, attempt: PaymentAttempt) -> ProviderEvent | None:
        """Ask the gateway what became of a payment; None when it knows nothing new."""

    def refund(self, attempt: PaymentAttempt, *, amount_minor: int, key: str) -> str:
        """Pay money back and return the gateway's number; raise GatewayError."""

    def reply(self, *, is_taken: bool) -> Reply:
        """Answer a callback: taken, or to be sent again."""
