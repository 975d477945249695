"""The base of every vendor file, and the fields and tokens it declares. Pure.

A plain vendor declares names and addresses and overrides nothing. Where more is needed:

    another protocol for some models   `dialect_of(call, channel)`
    a body that differs a little       `adapt(encoded, call, channel)`: path, body, headers
    a token for the credential         `has_token = True` and `token(channel, key, now)`, an inquiry (`channels_app.inquiry`)
                                       that returns the Token. It is kept across workers and renewed before it ends;
                                       `authorize` then gets it as the key's secret.
    a signature over everything        `signs = True` and `sign(request, channel, key, now)`, called last, for each attempt;
                                       it may change the address too (by what the credential says)
    a key in parts                     `key_parts`, and `split(key)` in `sign` or `token`
    error codes of its own             `codes`
    an answer that comes later         `follow(call, body, …)`: it is asked for again, at this vendor's address
    a failure that can be put right    `mend(call, failure)`: the same channel is asked once more
    who asks, in its own field         `end_user(channel)`
    an answer in packages              `unframe(call, head)`: undoes binary frames around the protocol's own bytes

Raises TokenRefused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import ClassVar, Protocol

from channels_app.addresses import join
from channels_app.codes import kind_of
from channels_app.contract import Call, ChannelFacts, ChannelKey, Encoded, Failure, FailureKind, Secret, UpstreamHead, UpstreamRequest
from channels_app.inquiry import Inquiry


class TokenRefused(Exception):
    """The vendor gives no token for this credential."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.kind.value)
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Token:
    """What a credential was exchanged for, and for how many seconds it is good."""

    secret: Secret
    lifetime_seconds: float


def gettext_noop(text: str) -> str:
    """Return the text: its name makes `makemessages` find it. Whoever shows a form translates it; vendors know no Django."""
    return text


@dataclass(frozen=True, slots=True)
class Field:
    """One credential or option of a provider: drives the admin form, its masking and its validation.

    Label and help are in English, marked for translation.
    """

    name: str
    label: str
    is_secret: bool = False
    is_required: bool = False
    default: str = ""
    help: str = ""
    rows: int = 1  # lines of text that its field in a form shows


@dataclass(frozen=True, slots=True)
class Errand:
    """Where an answer that is not ready yet is asked for again, below the vendor's base, and after how many seconds.

    With a body it is posted, else got.
    """

    path: str
    pause_seconds: float
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


class Unframer(Protocol):
    """Undoes a vendor's packages, any chunking; made anew for each answer."""

    def feed(self, chunk: bytes) -> bytes:
        """Take bytes as they arrive; return the protocol's own bytes in them."""

    def end(self) -> bytes:
        """Return what is left when upstream closes the connection."""


class Provider:
    """Base of every vendor file: declare the class attributes, override only what differs."""

    slug: ClassVar[str]
    label: ClassVar[str]
    dialect: ClassVar[str] = "openai"
    base_url: ClassVar[str] = ""
    fields: ClassVar[tuple[Field, ...]] = ()
    key_parts: ClassVar[tuple[Field, ...]] = ()  # what a key `a|b|c` is made of, in this order
    codes: ClassVar[Mapping[str, FailureKind]] = MappingProxyType({})  # body codes in lower case, see `channels_app.codes`
    default_models: ClassVar[tuple[str, ...]] = ()
    key_label: ClassVar[str] = "Key"
    needs_key: ClassVar[bool] = True
    needs_address: ClassVar[bool] = False  # there is none that all its customers share
    wants_bytes: ClassVar[bool] = False  # pictures by URL must be fetched for it, even where its protocol knows URLs
    is_local: ClassVar[bool] = False  # answers in this process by `answer`, without a network
    has_token: ClassVar[bool] = False
    signs: ClassVar[bool] = False
    tells_cost: ClassVar[bool] = False  # says with each answer what it charges, in dollars: that is our cost
    operations: ClassVar[frozenset[str] | None] = None  # None: all that its dialect can express
    is_retired: ClassVar[bool] = False  # the vendor may have switched it off: new channels start disabled

    corrects: ClassVar[bool]  # reads errors otherwise than its dialect

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.corrects = bool(cls.codes) or cls.classify is not Provider.classify

    def split(self, key: ChannelKey) -> list[str]:
        """Return the parts of a key `a|b|c`, as many as `key_parts` has; the first ones are empty where it has fewer."""
        parts = key.secret.reveal().split("|", max(0, len(self.key_parts) - 1))
        return [""] * (len(self.key_parts) - len(parts)) + parts

    def may_lead_back(self, channel: ChannelFacts) -> bool:
        """Tell whether upstream may be a relay that asks us in turn: then calls carry the hops they have made."""
        return False

    def end_user(self, channel: ChannelFacts) -> str:
        """Return the field of chats in which this vendor wants to know who asks (`end_users`); empty where it documents none."""
        return ""

    def dialect_of(self, call: Call, channel: ChannelFacts) -> str:
        """Return the wire protocol for a call: may depend on the model and the operation."""
        return self.dialect

    def adapt(self, encoded: Encoded, call: Call, channel: ChannelFacts) -> Encoded:
        """Correct the dialect's request where this vendor differs."""
        return encoded

    def address(self, channel: ChannelFacts, path: str) -> str:
        """Return the URL for a path of the dialect, below the channel's base or the vendor's own."""
        return join(channel.base_url or self.base_url, path, own=self.base_url)

    def authorize(self, channel: ChannelFacts, key: ChannelKey) -> tuple[tuple[str, str], ...]:
        """Return the headers that carry the credential (or the token it was exchanged for)."""
        return (("authorization", f"Bearer {key.secret.reveal()}"),)

    def token(self, channel: ChannelFacts, key: ChannelKey, now: float) -> Inquiry[Token]:
        """Exchange the credential for a token; raise TokenRefused or NoAnswer. `now` is unix seconds. Only where `has_token`."""
        raise NotImplementedError

    def sign(self, request: UpstreamRequest, channel: ChannelFacts, key: ChannelKey, now: float) -> UpstreamRequest:
        """Return the finished request with its signature; `key` is the credential itself. Only where `signs`."""
        return request

    def unframe(self, call: Call, head: UpstreamHead) -> Unframer | None:
        """Return what undoes the packages around an answer, or None where there are none."""
        return None

    def classify(self, failure: Failure, body: bytes) -> Failure:
        """Correct the dialect's reading of an error where this vendor differs: by its own codes. `body` is empty in streams."""
        kind = kind_of(self.codes, failure.code) or kind_of(self.codes, failure.type)
        return failure if kind is None else replace(failure, kind=kind)

    def cost_told(self, head: UpstreamHead) -> int | None:
        """Return the cost in µ$ that a whole answer's headers tell, or None. Only where `tells_cost`."""
        return None

    def follow(self, call: Call, body: bytes, *, ticket: bytes, asked: int) -> Errand | None:
        """Return what to ask for instead of a whole answer that is but a ticket, asked for again so many times; None if it is none.

        `ticket` is the first answer to the call, `body` the newest.
        """
        return None

    def mend(self, call: Call, failure: Failure) -> Call | None:
        """Return the call as it may be asked once more after this failure, with a new token where there are tokens; None if not."""
        return call if self.has_token and failure.kind is FailureKind.BAD_KEY else None

    def answer(self, request: UpstreamRequest) -> Iterator[bytes | float]:
        """Yield a local answer: bytes of the body (a number is a pause in seconds). Only where `is_local`."""
        raise NotImplementedError
