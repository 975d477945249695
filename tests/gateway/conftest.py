"""A funded sub-key, a priced model `m`, an upstream behind it, and a live relay."""

from __future__ import annotations

import uuid
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from accounts import keys
from accounts.models import ApiKey, Membership
from billing import ledger, price_book
from billing.ledger import Line as Move
from channels_app import channels
from channels_app.exchange import Timeouts
from channels_app.models import Channel
from gateway import spool
from tests.doubles.upstream import Upstream
from tests.gateway.live import LiveRelay

DOLLAR = 1_000_000
# The scripted upstream reports 12 + 4 tokens: 12 × 2.5 + 4 × 10 µ$.
PRICE = 70
HELLO: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}


@dataclass(frozen=True)
class Caller:
    """A customer with a sub-key."""

    membership: Membership
    key: ApiKey
    secret: str

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.secret}"}


def fund(membership: Membership, micros: int) -> None:
    """Give a wallet money from outside."""
    lines = [Move(ledger.account(kind="issuer").pk, ledger.wallet(membership_id=membership.pk).pk, micros)]
    ledger.post(kind="grant", key=f"test:{uuid.uuid4()}", lines=lines)


def lines(relay: LiveRelay) -> list[spool.Line]:
    """Return what this relay has settled: calls that somebody answered."""
    return [line for line in logged(relay) if not line.error]


def logged(relay: LiveRelay) -> list[spool.Line]:
    """Return all that this relay has written down, calls that nobody answered too."""
    folder = relay.state.spool.folder
    return [spool.decode(raw) for path in sorted(folder.glob("*.log")) for raw in path.read_bytes().splitlines()]


def hasty(relay: LiveRelay) -> None:
    """Let the relay lose its patience with upstreams after a third of a second."""
    relay.state.timeouts = Timeouts(connect=1.0, first_byte=0.3, idle=0.3, total=5.0)


@pytest.fixture(autouse=True)
def own_spool(settings: Settings, tmp_path: Path) -> None:
    """Let each test's relay write where no line of another test lies."""
    settings.SPOOL_DIR = tmp_path / "spool"


@pytest.fixture
def caller(transactional_db: None, end_user: Membership) -> Caller:
    """A customer with a dollar."""
    fund(end_user, DOLLAR)
    issued = keys.issue(membership=end_user, name="test")
    return Caller(end_user, issued.key, issued.secret)


@pytest.fixture
def upstream() -> Generator[Upstream, None, None]:
    with Upstream() as started:
        yield started


@pytest.fixture
def channel(transactional_db: None, upstream: Upstream) -> Channel:
    """The model `m`, priced, served by the upstream as `up-1`."""
    price_book.set_price(model="m", input=2_500_000, output=10_000_000)
    return channels.add(name="first", provider="openai", base_url=upstream.url, key="sk-upstream-secret", models={"m": "up-1"}, priority=1)


@pytest.fixture
def second(channel: Channel, upstream: Upstream) -> Channel:
    """Another channel for `m`, asked when the first one fails; served as `up-2`."""
    return channels.add(name="second", provider="openai", base_url=upstream.url, key="sk-other-secret", models={"m": "up-2"})


@pytest.fixture
def relay(caller: Caller, channel: Channel) -> Generator[LiveRelay, None, None]:
    with LiveRelay() as started:
        yield started
