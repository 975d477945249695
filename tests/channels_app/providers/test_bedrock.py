"""Amazon Bedrock: signatures as Amazon checks them, frames as its library encodes them, and the official client against the double."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.exceptions
import httpx
import orjson
import pytest
from botocore.config import Config

from channels_app import asking, bridge, registry
from channels_app.contract import Call, ChannelFacts, ChannelKey, Secret, UpstreamHead, UpstreamRequest
from channels_app.inquiry import NoAnswer
from channels_app.provider import Provider
from tests.channels_app import talk
from tests.doubles import amazon, bedrock, replies

PROVIDER: Provider = registry.provider("bedrock")
PAIR = f"{bedrock.KEY_ID}|{bedrock.SECRET}|us-east-1"
NOVA = "amazon.nova-lite-v1:0"
NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
# A frame that Amazon's library decodes to one text, written down elsewhere.
KNOWN = bytes.fromhex(
    "000000a50000005728ea0bd80b3a6576656e742d74797065070011636f6e74656e74426c6f636b44656c74610d3a636f6e74656e742d747970650700"
    "106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e747b22636f6e74656e74426c6f636b496e646578223a"
    "20302c202264656c7461223a207b2274657874223a20224869227d2c202270223a202261626364227dd8289e23"
)


@pytest.fixture(scope="module")
def up() -> Generator[bedrock.Bedrock, None, None]:
    with bedrock.Bedrock() as started:
        yield started


def facts(base_url: str = "", **options: Any) -> ChannelFacts:
    return ChannelFacts(1, "c", 1, "bedrock", base_url, (), {}, options=options)


def call(model: str = NOVA, **fields: Any) -> Call:
    whole = {"model": model, "messages": [{"role": "user", "content": "Hi"}], **fields}
    return Call("chat", "openai", model, orjson.dumps(whole), whole, is_stream=bool(fields.get("stream")))


def send(request: UpstreamRequest) -> httpx.Response:
    return httpx.request(request.method, request.url, headers=dict(request.headers), content=bytes(request.body), trust_env=False)


def made(up: bedrock.Bedrock, key: str = PAIR, model: str = NOVA, **fields: Any) -> UpstreamRequest:
    return bridge.request(call(model, **fields), facts(up.url), ChannelKey(1, Secret(key)), now=datetime.now(UTC).timestamp())


_clients: list[Any] = []


@pytest.fixture(autouse=True)
def closed() -> Generator[None, None, None]:
    """Close what Amazon's clients keep open: the collector would complain in a test that has nothing to do with it."""
    yield
    while _clients:
        _clients.pop().close()


def client(up: bedrock.Bedrock, service: str = "bedrock-runtime", secret: str = bedrock.SECRET) -> Any:
    opened = boto3.client(
        service,
        region_name="us-east-1",
        endpoint_url=up.url,
        aws_access_key_id=bedrock.KEY_ID,
        aws_secret_access_key=secret,
        config=Config(retries={"total_max_attempts": 1}),
    )
    _clients.append(opened)
    return opened


def test_a_signature_is_what_amazons_documents_say_it_is() -> None:
    key = ChannelKey(1, Secret(f"{bedrock.KEY_ID}|{bedrock.SECRET}|eu-west-1|session"))
    request = bridge.request(call("arn:aws:bedrock:eu-west-1:1:inference-profile/eu.x"), facts(), key, now=NOW.timestamp())
    url = urlsplit(request.url)
    headers = {**dict(request.headers), "host": url.netloc}
    asked = (request.method, url.path, headers, bytes(request.body))
    known: dict[str, Any] = {"secrets": {bedrock.KEY_ID: bedrock.SECRET}, "service": "bedrock", "now": NOW}
    assert amazon.complaint(*asked, **known) is None
    assert headers["x-amz-security-token"] == "session"
    assert url.netloc == "bedrock-runtime.eu-west-1.amazonaws.com"
    assert amazon.complaint(*asked[:3], asked[3] + b" ", **known) is not None


@pytest.mark.parametrize("key", [PAIR, bedrock.BEARER])
def test_the_service_answers_a_signed_call_and_one_with_a_bearer_key(up: bedrock.Bedrock, key: str) -> None:
    answer = send(made(up, key))
    assert answer.status_code == 200
    assert answer.json()["output"]["message"]["content"] == [{"text": replies.TEXT}]


@pytest.mark.parametrize(
    ("key", "kind"), [(f"{bedrock.KEY_ID}|wrong", "bad_key"), ("AKIDOTHER|x", "bad_key"), ("no-such-bearer-key", "bad_key")]
)
def test_wrong_credentials_are_refused_and_known_as_such(up: bedrock.Bedrock, key: str, kind: str) -> None:
    answer = send(made(up, key))
    assert answer.status_code == 403
    assert bridge.classify(call(), facts(), answer.status_code, answer.content).kind == kind


def test_a_signed_stream_is_read_through_its_frames(up: bedrock.Bedrock) -> None:
    answer = send(made(up, stream=True))
    reader = bridge.reader(
        call(stream=True), facts(), UpstreamHead(200, {"content-type": answer.headers["content-type"]}), request_id="r", created=1
    )
    frames = [*reader.feed(answer.content), *reader.end()]
    said = b"".join(frame.data for frame in frames)
    assert all(f'"content":"{text}"'.encode() in said for text in replies.WORDS)
    assert [frame.usage.total_input for frame in frames if frame.usage] == [12]
    assert frames[-1].kind == "done"


@pytest.mark.parametrize("key", [PAIR, bedrock.BEARER])
@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("api", ["invoke", "converse"])
def test_claude_answers_by_both_interfaces(up: bedrock.Bedrock, api: str, is_stream: bool, key: str) -> None:
    said = talk.ask(talk.channel("bedrock", up.url, key, api=api), "anthropic.claude-x-v1:0", stream=is_stream, max_tokens=9)
    assert (said.text, said.reason) == (replies.TEXT, "stop")
    assert said.usage is not None
    assert (said.usage.input, said.usage.output) == (12, 4)
    operation = {"invoke": ("invoke", "invoke-with-response-stream"), "converse": ("converse", "converse-stream")}[api][is_stream]
    assert up.requests[-1].path == f"/model/anthropic.claude-x-v1%3A0/{operation}"


def test_a_known_frame_is_decoded_however_it_is_cut() -> None:
    for size in (1, 7, len(KNOWN)):
        unframer = PROVIDER.unframe(call(), UpstreamHead(200, {"content-type": bedrock.FRAMES}))
        assert unframer is not None
        said = b"".join(unframer.feed(KNOWN[at : at + size]) for at in range(0, len(KNOWN), size))
        assert said == b'event: contentBlockDelta\ndata: {"contentBlockIndex": 0, "delta": {"text": "Hi"}, "p": "abcd"}\n\n'


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("throttlingException", "rate_limited"),
        ("validationException", "bad_request"),
        ("internalServerException", "upstream"),
        ("modelStreamErrorException", "upstream"),
        ("serviceUnavailableException", "upstream"),
    ],
)
def test_an_exception_in_the_stream_is_the_failure_it_names(kind: str, expected: str) -> None:
    reader = bridge.reader(call(stream=True), facts(), UpstreamHead(200, {"content-type": bedrock.FRAMES}), request_id="r", created=1)
    frames = [*reader.feed(b"".join([*bedrock.words(), amazon.exception(kind, "Too many")])), *reader.end()]
    assert frames[-1].failure is not None
    assert (frames[-1].failure.kind, frames[-1].failure.message) == (expected, "Too many")


def test_a_frame_with_a_wrong_checksum_is_an_error_not_a_crash() -> None:
    reader = bridge.reader(call(stream=True), facts(), UpstreamHead(200, {"content-type": bedrock.FRAMES}), request_id="r", created=1)
    broken = bytearray(KNOWN)
    broken[-1] ^= 1
    frames = [*reader.feed(bytes(broken)), *reader.end()]
    assert frames[-1].failure is not None
    assert frames[-1].failure.message == "upstream's frames are broken"


def test_amazons_own_client_believes_the_double(up: bedrock.Bedrock) -> None:
    ask: dict[str, Any] = {"modelId": NOVA, "messages": [{"role": "user", "content": [{"text": "Hi"}]}]}
    assert client(up).converse(**ask)["output"]["message"]["content"] == [{"text": replies.TEXT}]
    with contextlib.closing(client(up).converse_stream(**ask)["stream"]) as stream:
        events = list(stream)
    assert [event["contentBlockDelta"]["delta"]["text"] for event in events if "contentBlockDelta" in event] == list(replies.WORDS)
    assert events[-1]["metadata"]["usage"]["inputTokens"] == 12
    with pytest.raises(botocore.exceptions.ClientError, match="does not match"):
        client(up, secret="wrong").converse(**ask)
    with pytest.raises(botocore.exceptions.ClientError, match="on-demand throughput"):
        client(up).converse(**{**ask, "modelId": bedrock.PROFILE_ONLY})
    up.script(bedrock.frames(*bedrock.words(), amazon.exception("throttlingException", "Too many")))
    # A stream that fails keeps its connection, which the client's own end does not close.
    with (
        contextlib.closing(client(up).converse_stream(**ask)["stream"]) as stream,
        pytest.raises(botocore.exceptions.EventStreamError, match="Too many"),
    ):
        list(stream)


@pytest.mark.parametrize("key", [PAIR, bedrock.BEARER])
def test_models_and_profiles_are_listed_as_amazons_client_lists_them(up: bedrock.Bedrock, key: str) -> None:
    listed = asking.models(talk.channel("bedrock", up.url, key))
    assert listed == [NOVA, f"us.{bedrock.PROFILE_ONLY}"]
    control = client(up, "bedrock")
    theirs = [row["modelId"] for row in control.list_foundation_models()["modelSummaries"] if row["modelLifecycle"]["status"] == "ACTIVE"]
    profiles = [row["inferenceProfileId"] for row in control.list_inference_profiles()["inferenceProfileSummaries"]]
    assert [*theirs, *profiles] == listed


def test_a_listing_that_is_refused_says_so(up: bedrock.Bedrock) -> None:
    with pytest.raises(NoAnswer, match="status 403"):
        asking.models(talk.channel("bedrock", up.url, f"{bedrock.KEY_ID}|wrong"))


@pytest.mark.parametrize("model", [NOVA, "anthropic.claude-x"])
def test_pictures_by_url_are_fetched_for_it(model: str) -> None:
    picture = {"type": "image_url", "image_url": {"url": "https://pictures.test/a.png"}}
    made = call(model, messages=[{"role": "user", "content": [picture]}], max_tokens=9)
    assert bridge.picture_urls(made, facts()) == ["https://pictures.test/a.png"]
    data = {"https://pictures.test/a.png": "data:image/png;base64,aGk="}
    sent = bridge.request(made, facts(), ChannelKey(1, Secret(bedrock.BEARER)), pictures=data).body
    assert b"aGk=" in sent
    assert b"pictures.test" not in sent


def test_an_id_that_wants_a_profile_is_answered_with_what_to_do(up: bedrock.Bedrock) -> None:
    """Gotcha 36: some ids are served through a profile alone."""
    answer = send(made(up, model=bedrock.PROFILE_ONLY))
    failure = bridge.classify(call(), facts(), answer.status_code, answer.content)
    assert failure.kind == "not_found"
    assert failure.message.endswith(f"Set the channel's inference profile, for example us, or map the model to us.{bedrock.PROFILE_ONLY}.")
    with_profile = ChannelFacts(1, "c", 1, "bedrock", up.url, (), {}, options={"profile": "us"})
    again = bridge.request(call(bedrock.PROFILE_ONLY), with_profile, ChannelKey(1, Secret(PAIR)), now=datetime.now(UTC).timestamp())
    assert send(again).status_code == 200
