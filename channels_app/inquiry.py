"""What a vendor file may say beside calls: how to ask for the account's balance and for the list of models. Pure.

Both are generators: they yield an UpstreamRequest, are sent its Reply, may do so several times, and return the result:

    def balance(self, channel, key, *, today):
        reply = yield UpstreamRequest("GET", f"{base}/credits", self.authorize(channel, key))
        total = inquiry.amount(reply.json("data", "total_credits"))
        return Balance(total, "USD")

A vendor without such an address simply has no such method. The currency is the vendor's own and is never converted.

NoAnswer      the vendor's answer does not hold what was asked for; the message is for operators
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol, TypeVar, runtime_checkable

import orjson

from channels_app.contract import ChannelFacts, ChannelKey, UpstreamRequest

T = TypeVar("T")
_SHOWN = 120


class NoAnswer(Exception):
    """The vendor answered something else than what was asked for."""


@dataclass(frozen=True, slots=True)
class Balance:
    """What is left on an upstream account: an amount in the vendor's own currency (ISO 4217, or a unit such as `points`)."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A vendor's whole answer."""

    status: int
    body: bytes

    def json(self, *path: str | int) -> Any:
        """Return what stands at a path of the decoded body; raise NoAnswer for a refusal, another type, or a missing member.

        Many servers answer 200 to any address: a member that is not there is no zero.
        """
        if not 200 <= self.status < 300:
            raise NoAnswer(f"status {self.status}")
        try:
            found: Any = orjson.loads(self.body)
            for step in path:
                found = found[step]
        except orjson.JSONDecodeError:
            raise NoAnswer("the answer is no JSON") from None
        except (KeyError, IndexError, TypeError):
            raise NoAnswer(f"the answer has no {'.'.join(map(str, path))}") from None
        return found


Inquiry = Generator[UpstreamRequest, Reply, T]


@runtime_checkable
class TellsBalance(Protocol):
    """A vendor that can be asked what an account holds; `today` is the vendor's day, for those who report by dates."""

    def balance(self, channel: ChannelFacts, key: ChannelKey, *, today: date) -> Inquiry[Balance]: ...


@runtime_checkable
class ListsModels(Protocol):
    """A vendor whose list of models has an address of its own; those that speak OpenAI's protocol need not say so."""

    def list_models(self, channel: ChannelFacts, key: ChannelKey) -> Inquiry[Sequence[str]]: ...


def amount(value: object) -> Decimal:
    """Return a number or a text as an exact amount; raise NoAnswer for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise NoAnswer(f"{str(value)[:_SHOWN]!r} is no amount")
    try:
        found = Decimal(str(value).strip())
    except InvalidOperation:
        raise NoAnswer(f"{str(value)[:_SHOWN]!r} is no amount") from None
    if not found.is_finite():
        raise NoAnswer("the amount is not finite")
    return found
