"""Azure OpenAI: our requests and those of the official SDK reach the same deployments of a scripted resource."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import httpx
import openai
import orjson
import pytest

from channels_app import bridge
from channels_app.contract import Call, ChannelFacts, ChannelKey, Secret, UpstreamHead
from tests.doubles import azure, replies

KEY = ChannelKey(1, Secret(azure.KEY))
DATES = ["", "2024-10-21", "2024-02-01", "2023-05-15"]


@pytest.fixture
def up() -> Generator[azure.Azure, None, None]:
    with azure.Azure() as started:
        yield started


def call(model: str = "gpt-3.5-turbo", **fields: Any) -> Call:
    whole = {"model": model, "messages": [{"role": "user", "content": "Hi"}], **fields}
    return Call("chat", "openai", model, orjson.dumps(whole), whole, is_stream=bool(fields.get("stream")), wants_usage=True)


def facts(up: azure.Azure, **options: Any) -> ChannelFacts:
    return ChannelFacts(1, "c", 1, "azure", up.url, (), {}, options=options)


def send(made: Call, channel: ChannelFacts, key: ChannelKey = KEY) -> httpx.Response:
    request = bridge.request(made, channel, key)
    return httpx.request(request.method, request.url, headers=dict(request.headers), content=request.body, trust_env=False)


def text(made: Call, channel: ChannelFacts, answer: httpx.Response) -> tuple[str, str]:
    head = UpstreamHead(200, {"content-type": answer.headers["content-type"]})
    reader = bridge.reader(made, channel, head, request_id="r", created=1)
    frames = [*reader.feed(answer.content), *reader.end()]
    assert frames[-1].kind == "done"
    lines = b"".join(frame.data for frame in frames).splitlines()
    chunks = [orjson.loads(line[6:]) for line in lines if line.startswith(b"data: {")]
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    reasons = [choice["finish_reason"] for choice in choices if choice["finish_reason"]]
    assert len(reasons) == 1
    assert all("delta" in choice for choice in choices)
    return "".join(choice["delta"].get("content") or "" for choice in choices), reasons[0]


@pytest.mark.parametrize("api_version", DATES)
@pytest.mark.parametrize("is_stream", [False, True])
def test_a_call_reaches_its_deployment_at_every_address(up: azure.Azure, api_version: str, is_stream: bool) -> None:
    answer = send(call(stream=is_stream), facts(up, api_version=api_version))
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("reply", "finish"),
    [(azure.stream(), "stop"), (azure.asynchronous(), "stop"), (azure.asynchronous(verdict="content_filter"), "content_filter")],
)
def test_both_modes_of_the_content_filter_are_read(up: azure.Azure, reply: replies.Reply, finish: str) -> None:
    """Gotchas 13 and 14: chunks with empty choices, choices without a delta; a verdict after the stop is no second finish."""
    up.script(reply)
    made = call(stream=True)
    assert text(made, facts(up), send(made, facts(up))) == (replies.TEXT, finish)


@pytest.mark.parametrize("where", ["innererror", "inner_error"])
def test_a_filtered_prompt_is_the_clients_affair(up: azure.Azure, where: str) -> None:
    up.script(azure.prompt_blocked(where))
    answer = send(call(), facts(up))
    failure = bridge.classify(call(), facts(up), answer.status_code, answer.content)
    assert (failure.kind, failure.kind.is_users_fault) == ("content_filter", True)


def test_names_with_dots_are_taken_as_they_are(up: azure.Azure) -> None:
    """Gotcha 37: to take every dot away, as one-api does, breaks gpt-4.1."""
    assert send(call("gpt-4.1"), facts(up)).status_code == 200
    assert send(call("gpt-4.1"), facts(up, strip_dots="yes")).status_code == 404


def test_a_wrong_key_is_known_as_one(up: azure.Azure) -> None:
    answer = send(call(), facts(up), ChannelKey(1, Secret("wrong")))
    assert bridge.classify(call(), facts(up), answer.status_code, answer.content).kind == "bad_key"


def test_the_official_client_believes_the_double(up: azure.Azure) -> None:
    ask: dict[str, Any] = {"model": "gpt-35-turbo", "messages": [{"role": "user", "content": "Hi"}]}
    with openai.AzureOpenAI(azure_endpoint=up.url, api_key=azure.KEY, api_version="2024-10-21", max_retries=0) as dated:
        assert dated.chat.completions.create(**ask).choices[0].message.content == replies.TEXT
        chunks = list(dated.chat.completions.create(**ask, stream=True))
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == replies.TEXT
        with pytest.raises(openai.NotFoundError, match="API deployment"):
            dated.chat.completions.create(**{**ask, "model": "nobody"})
    with openai.OpenAI(base_url=f"{up.url}/openai/v1", api_key=azure.KEY, max_retries=0) as plain:
        assert plain.chat.completions.create(**ask).choices[0].message.content == replies.TEXT
