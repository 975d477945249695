"""What every payment driver does: start, parse, query, refund, reply. Drivers authenticate and translate; money rules live in `settlement`.

GatewayError             the gateway refused or did not answer
└── CannotRefund         this gateway pays nothing back by itself: a person does, at the gateway
BadCallback              not from the gateway, or unreadable: nothing is believed
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.functional import Promise

from billing.models import GatewayAccount, PaymentAttempt
from foundation import vault

SECRETS_CONTEXT = "payment-account"
# In the order's address: the buyer comes from the gateway. It proves nothing.
RETURNED = "returned"

Text = str | Promise


class BadCallback(Exception):
    """A message that does not prove where it comes from; the text says why, in words for the operator."""


class GatewayError(Exception):
    """The gateway refused or did not answer."""


class CannotRefund(GatewayError):
    """The gateway has no way to pay back by itself."""


@dataclass(frozen=True, slots=True)
class Field:
    """One secret or option of an account: drives the form, its masking and its validation.

    Only the operator may set what `is_for_operator`, such as the address of a double: it could lead anywhere.
    """

    name: str
    label: Text
    is_secret: bool = False
    is_required: bool = False
    is_for_operator: bool = False
    is_address: bool = False
    help: Text = ""


@dataclass(frozen=True, slots=True)
class Message:
    """An incoming HTTP message as drivers see it; header names in lower case. `attempt` is the token in its address, if any."""

    method: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    attempt: str = ""


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """One thing a gateway says happened; amounts in minor units.

    `kind`: paid, failed, expired, refunded, refund_failed, disputed, dispute_won, dispute_lost, or another (ignored).
    Where `attempt_token` is empty, `transaction` says which payment it is about. `reference` is the gateway's number of
    a refund or dispute.
    """

    attempt_token: str
    event_id: str
    kind: str
    transaction: str
    amount_minor: int
    currency: str
    occurred_at: datetime.datetime
    reference: str = ""
    raw: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of a gateway's own list: `kind` is paid, refunded or refund_failed (the money of a refund came back).

    `transaction` is the payment's number, `reference` the refund's.
    """

    kind: str
    transaction: str
    amount_minor: int
    currency: str
    at: datetime.datetime
    attempt_token: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Links:
    """Absolute addresses of ours that a gateway needs: the order's page, and where it tells us what happened.

    `device` is what the buyer looks at: pc, mobile, or the browser inside wechat, qq or alipay.
    """

    order: str
    notify: str
    device: str = "pc"

    @property
    def back(self) -> str:
        """Return where the buyer comes back to from the gateway: the order's page, which then asks what became of the payment."""
        return f"{self.order}?{RETURNED}=1"


@dataclass(frozen=True, slots=True)
class Redirect:
    """Where the buyer goes to pay; a path of ours or an address of the gateway."""

    url: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What the gateway is answered."""

    status: int
    text: str


class Driver:
    """One gateway. `currencies`: those it takes, the first one for orders in any other; none named: all."""

    slug: ClassVar[str]
    label: ClassVar[Text]
    fields: ClassVar[tuple[Field, ...]] = ()
    currencies: ClassVar[tuple[str, ...]] = ()
    # Whether buyers may choose it: what only staff confirm is never offered.
    is_for_buyers: ClassVar[bool] = True
    # Who tells us: its messages come to an address of the account (`webhook`) or of each payment (`notify`).
    has_account_address: ClassVar[bool] = False
    # Of those with an address of the account: the events to choose there.
    events: ClassVar[tuple[str, ...]] = ()
    # Whether money has come when `start` returns: asking (`query`) settles it at once.
    pays_at_once: ClassVar[bool] = False
    # Whether money has gone back when `refund` returns, or a later event says so.
    refunds_at_once: ClassVar[bool] = True
    # Whether it pays back once however often it is asked with one key; one that does not is asked again by a person alone.
    repeats_refunds: ClassVar[bool] = False

    def is_ready(self, account: GatewayAccount) -> bool:
        """Tell whether the account may be used: what it needs is there. An account without its secret is closed."""
        return all(secret(account, one.name) if one.is_secret else account.options.get(one.name) for one in self.fields if one.is_required)

    def means(self, account: GatewayAccount) -> tuple[str, ...]:
        """Return by what a buyer pays there: card, alipay, wechat, qq or usdt; nothing where that is not known."""
        return ()

    def least_minor(self, currency: str) -> int:
        """Return the least amount that is taken in a currency, in minor units."""
        return 1

    def form_origins(self, account: GatewayAccount) -> tuple[str, ...]:
        """Return the origins a buyer's form is redirected to, for the page's policy."""
        return ()

    def start(self, attempt: PaymentAttempt, *, links: Links) -> Redirect:
        """Begin a payment at the gateway, once however often it is called; raise GatewayError.

        What is paid on the order's own page is kept in the attempt's details: `scan`, a text to show as a QR code, and `link`,
        an address that opens the payment or its app; the buyer is then sent to that page. Coins add `to`, the address they are
        sent to, `coins`, how many exactly, `coin` and `chain`, which and by which network.
        """
        raise NotImplementedError

    def parse(self, account: GatewayAccount, message: Message) -> Sequence[ProviderEvent]:
        """Authenticate a message and translate it; raise BadCallback."""
        raise NotImplementedError

    def query(self, attempt: PaymentAttempt) -> ProviderEvent | None:
        """Ask the gateway what became of a payment; None when it knows nothing new. Raises GatewayError."""
        return None

    def payer(self, attempt: PaymentAttempt) -> str:
        """Ask which card or account paid, as the gateway tells them apart; empty where it does not. Raises GatewayError."""
        return ""

    def movements(self, account: GatewayAccount, *, since: datetime.datetime, until: datetime.datetime) -> Sequence[Movement] | None:
        """Return what went through an account between two moments; None where the gateway keeps no list. Raises GatewayError."""
        return None

    def disputes(self, account: GatewayAccount) -> Sequence[ProviderEvent]:
        """Return how an account's last disputes stand; nothing where the gateway keeps no list. Raises GatewayError."""
        return ()

    def check(self, account: GatewayAccount) -> None:
        """Ask the gateway whether the account's credentials are good; raise GatewayError saying what is wrong."""

    def refund(self, attempt: PaymentAttempt, *, amount_minor: int, key: str) -> str:
        """Pay money back, once per key, and return the gateway's number; raise GatewayError."""
        raise CannotRefund(f"{self.label} pays nothing back by itself: do it at the gateway, then mark the refund as done")

    def query_refund(self, attempt: PaymentAttempt, *, number: str) -> ProviderEvent | None:
        """Ask the gateway what became of a refund; None when it knows nothing new. Raises GatewayError."""
        return None

    def reply(self, *, is_taken: bool) -> Reply:
        """Answer a message: taken, or to be sent again."""
        return Reply(200, "ok") if is_taken else Reply(500, "again")


def secret(account: GatewayAccount, name: str) -> str:
    """Return one of an account's secrets, or an empty text."""
    if not account.sealed:
        return ""
    try:
        opened = json.loads(vault.unseal(account.sealed, context=SECRETS_CONTEXT))
    except vault.CannotUnseal:
        return ""
    return str(opened.get(name) or "").strip()


def origin(url: str) -> str:
    """Return scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def is_fit(account: GatewayAccount, address: str) -> bool:
    """Tell whether an account may have a gateway at an address: keys travel to it, so that shops' own need HTTPS."""
    parts = urlsplit(address.strip())
    return bool(parts.hostname) and parts.scheme in ({"https", "http"} if may_be_private(account) else {"https"})


def may_be_private(account: GatewayAccount) -> bool:
    """Tell whether an account's gateway may stand in our own network: the platform's own accounts, and anybody's in development."""
    return account.tenant.parent_id is None or not settings.PRODUCTION
