"""Ask a vendor something beside calls: conduct its inquiry (`channels_app.inquiry`) over the control plane's client.

NoAnswer (of `inquiry`)   the vendor's answer does not hold it, or there was none
NotOffered                this vendor cannot be asked
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import date
from typing import TypeVar

from channels_app import registry
from channels_app.contract import ChannelFacts, ChannelKey, Secret, UpstreamRequest
from channels_app.inquiry import Balance, Inquiry, ListsModels, NoAnswer, Reply, TellsBalance
from foundation import outbound

T = TypeVar("T")
Sign = Callable[[UpstreamRequest], UpstreamRequest]
MOST_REQUESTS = 10
_EACH_SECONDS = 15.0
_ALL_SECONDS = 45.0
NO_KEY = ChannelKey(id=0, secret=Secret(""))


class NotOffered(Exception):
    """There is no address at which this vendor says it."""


def tells_balance(provider: str) -> bool:
    """Say whether this vendor can be asked for a balance."""
    return isinstance(registry.provider(provider), TellsBalance)


def balance(facts: ChannelFacts, key: ChannelKey, *, today: date) -> Balance:
    """Return what the account behind a key holds; raise NotOffered or NoAnswer."""
    provider = registry.provider(facts.provider)
    if not isinstance(provider, TellsBalance):
        raise NotOffered(provider.label)
    return conduct(provider.balance(facts, key, today=today), allow_private=facts.allow_private)


def models(facts: ChannelFacts) -> list[str]:
    """Return the names of the models the vendor serves to this channel, sorted; raise NotOffered or NoAnswer."""
    provider = registry.provider(facts.provider)
    key = next(iter(facts.keys), NO_KEY)
    if isinstance(provider, ListsModels):
        sign = (lambda request: provider.sign(request, facts, key, time.time())) if provider.signs else None
        return sorted(set(conduct(provider.list_models(facts, key), allow_private=facts.allow_private, sign=sign)))
    if provider.is_local:
        return sorted(provider.default_models)
    if provider.dialect != "openai":
        raise NotOffered(provider.label)
    return sorted(set(conduct(_listed(facts, key), allow_private=facts.allow_private)))


def conduct(inquiry: Inquiry[T], *, allow_private: bool, sign: Sign | None = None) -> T:
    """Send an inquiry's requests, signed where `sign` is given, and return its result; raise NoAnswer. Bounded in number and time."""
    deadline = time.monotonic() + _ALL_SECONDS
    try:
        request = next(inquiry)
        for _ in range(MOST_REQUESTS):
            signed = request if sign is None else sign(request)
            request = inquiry.send(_reply(signed, min(_EACH_SECONDS, deadline - time.monotonic()), allow_private))
    except StopIteration as stop:
        result: T = stop.value
        return result
    raise NoAnswer(f"more than {MOST_REQUESTS} requests")


def _reply(request: UpstreamRequest, seconds: float, allow_private: bool) -> Reply:
    if seconds <= 0:
        raise NoAnswer("the vendor takes too long")
    try:
        answer = outbound.request(
            request.method,
            request.url,
            headers=request.headers,
            content=request.body,
            timeout_seconds=seconds,
            allow_private=allow_private,
        )
    except outbound.OutboundError as error:
        raise NoAnswer(str(error)) from error
    return Reply(answer.status, answer.body)


def _listed(facts: ChannelFacts, key: ChannelKey) -> Inquiry[Sequence[str]]:
    """Read the list that every vendor of OpenAI's protocol has at `/models`; some (Together) give it without an object around it."""
    provider = registry.provider(facts.provider)
    reply = yield UpstreamRequest("GET", provider.address(facts, "/models"), provider.authorize(facts, key))
    whole = reply.json()
    rows = whole if isinstance(whole, list) else reply.json("data")
    names = [row.get("id") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    found = [name for name in names if isinstance(name, str) and name]
    if not found:
        raise NoAnswer("the answer lists no model")
    return found
