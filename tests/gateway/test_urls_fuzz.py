"""Schemathesis fires at every address of the relay: no server error, no answer that the schema does not know, a seed that never changes."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from channels_app.models import Channel
from gateway.urls import urlpatterns
from tests.doubles import replies
from tests.doubles.upstream import Upstream
from tests.gateway.conftest import Caller, lines
from tests.gateway.live import LiveRelay

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
EXAMPLES = 8
# What a model takes beyond the form of a request is no matter of a schema: the length of a text, a file that is a picture.
BEYOND_FORM = [positive_data_acceptance]
# Every second call names the model that is served, so that what follows is reached too.
SERVED = "m"


# What a vendor answers beside chats.
ANSWERS: dict[str, replies.Reply] = {
    "/embeddings": replies.answer(
        {"object": "list", "model": "up-1", "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}], "usage": replies.USAGE}
    ),
    "/moderations": replies.answer({"id": "m", "model": "up-1", "results": [{"flagged": False, "categories": {}, "category_scores": {}}]}),
    "/rerank": replies.answer({"id": "r", "results": [{"index": 0, "relevance_score": 0.5}], "usage": replies.USAGE}),
    "/audio/speech": replies.Reply((b"ID3sound",), content_type="audio/mpeg"),
    "/audio/transcriptions": replies.answer({"text": "hello"}),
    "/audio/translations": replies.answer({"text": "hello"}),
    **{
        f"/images/{kind}": replies.answer({"created": 1, "data": [{"b64_json": "aGk="}]}) for kind in ("generations", "edits", "variations")
    },
}


def _schema(capfd: pytest.CaptureFixture[str]) -> dict[str, Any]:
    generator: Any = SchemaGenerator
    found: dict[str, Any] = generator(patterns=urlpatterns).get_schema(request=None, public=True)
    told = capfd.readouterr().err
    assert "Error" not in told, told
    return found


def _fire(operation: Any, relay: LiveRelay, headers: dict[str, str]) -> int:
    """Call an operation some times and hold the answers to the schema; return how often."""
    fired = 0

    @given(case=operation.as_strategy())
    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    def fire(case: Any) -> None:
        nonlocal fired
        fired += 1
        if fired % 2 and isinstance(case.body, dict) and "model" in case.body:
            case.body["model"] = SERVED
        case.call_and_validate(base_url=relay.url, headers=headers, excluded_checks=BEYOND_FORM)

    fire()
    return fired


def test_the_relays_schema_is_kept(
    relay: LiveRelay, caller: Caller, channel: Channel, upstream: Upstream, capfd: pytest.CaptureFixture[str]
) -> None:
    for ending, reply in ANSWERS.items():
        upstream.on_path(ending, reply)
    found = _schema(capfd)
    schema = schemathesis.openapi.from_dict(found)
    fired = {
        path: sum(_fire(schema[path][method], relay, {"Authorization": f"Bearer {caller.secret}"}) for method in found["paths"][path])
        for path in found["paths"]
    }
    assert all(fired.values())
    assert {"/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/messages", "/v1/models", "/v1/responses"} <= set(fired)
    assert lines(relay), "no call was answered"
