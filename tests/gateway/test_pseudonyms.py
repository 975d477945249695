"""Through the live relay: vendors know end users by digests where a channel wants that, and as clients say where not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts import keys
from accounts.models import Membership
from channels_app import channels
from channels_app.models import Channel
from tests.doubles import replies
from tests.doubles.speech import anthropic_message
from tests.doubles.upstream import Received, Upstream
from tests.gateway.conftest import DOLLAR, HELLO, Caller, fund
from tests.gateway.live import LiveRelay
from tests.gateway.test_dispatch_routing import learn

pytestmark = pytest.mark.usefixtures("channel")
MESSAGE = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}
PLACES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "openai": lambda fields: fields.get("user"),
    "anthropic": lambda fields: fields["metadata"]["user_id"],
    "zhipu": lambda fields: fields.get("user_id"),
}


def serve(upstream: Upstream, provider: str, **options: str) -> Channel:
    """Let a vendor answer for `m`, before all others."""
    return channels.add(
        name=provider, provider=provider, base_url=upstream.url, key="id.secret", models={"m": "up-9"}, priority=9, options=options
    )


def asked(relay: LiveRelay, secret: str, upstream: Upstream, path: str = "/v1/chat/completions", **fields: Any) -> Received:
    """Make a call, whatever its answer, and return what the vendor got first."""
    before = len(upstream.requests)
    body = MESSAGE if path == "/v1/messages" else HELLO
    relay.http.post(path, headers={"authorization": f"Bearer {secret}"}, json={**body, **fields})
    return upstream.requests[before]


@pytest.mark.parametrize("provider", PLACES)
def test_a_vendor_gets_one_stable_digest_a_customer_and_user(
    relay: LiveRelay, caller: Caller, upstream: Upstream, stranger: Membership, provider: str
) -> None:
    serve(upstream, provider, end_user="hashed")
    upstream.on_path("/messages", replies.answer(anthropic_message()))
    fund(stranger, DOLLAR)
    other = keys.issue(membership=stranger, name="other").secret
    learn(relay)
    place = PLACES[provider]

    def who(secret: str, **fields: Any) -> Any:
        request = asked(relay, secret, upstream, **fields)
        assert b"bob" not in request.body
        return place(request.fields)

    found = [who(caller.secret), who(caller.secret, user="bob"), who(other), who(other, user="bob")]

    assert len(set(found)) == 4
    assert {len(one) for one in found} == {64}
    assert [who(caller.secret), who(caller.secret, user="bob")] == found[:2]
    assert who(caller.secret, safety_identifier="bob") == found[1]
    # The same user, as another protocol names it.
    request = asked(relay, caller.secret, upstream, "/v1/messages", metadata={"user_id": "bob"})
    assert (b"bob" in request.body, place(request.fields)) == (False, found[1])


def test_off_nothing_changes(relay: LiveRelay, caller: Caller, upstream: Upstream) -> None:
    assert "user" not in asked(relay, caller.secret, upstream).fields
    assert asked(relay, caller.secret, upstream, user="bob").fields["user"] == "bob"


def test_a_form_and_an_embedding_carry_the_digest_where_the_client_named_somebody(
    relay: LiveRelay, caller: Caller, upstream: Upstream
) -> None:
    serve(upstream, "openai", end_user="hashed")
    learn(relay)
    request = asked(relay, caller.secret, upstream, "/v1/embeddings", input="x", user="bob")
    assert len(request.fields["user"]) == 64
    files = {"image": ("a.png", b"png", "image/png")}
    before = len(upstream.requests)
    relay.http.post("/v1/images/edits", headers=caller.headers, data={"model": "m", "prompt": "x", "user": "bob"}, files=files)
    assert b"bob" not in upstream.requests[before].body
    assert request.fields["user"].encode() in upstream.requests[before].body


def test_who_only_counts_tokens_is_unnamed_too(relay: LiveRelay, caller: Caller, upstream: Upstream) -> None:
    serve(upstream, "anthropic", end_user="hashed")
    learn(relay)
    request = asked(relay, caller.secret, upstream, "/v1/messages/count_tokens", messages=MESSAGE["messages"], metadata={"user_id": "bob"})
    assert request.path.endswith("/count_tokens")
    assert len(request.fields["metadata"]["user_id"]) == 64
