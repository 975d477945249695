"""Amazon Bedrock: every model by Converse, Claude by InvokeModel in Anthropic's own protocol; signed, or with a Bedrock API key.

The only door to botocore: Signature Version 4 and event-stream frames. The frames are undone here, so that the protocols read
server-sent events as they do from other vendors. Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import quote

import orjson
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.eventstream import EventStreamBuffer, ParserError

from channels_app.contract import Call, ChannelFacts, ChannelKey, Encoded, Failure, FailureKind, UpstreamHead, UpstreamRequest
from channels_app.inquiry import Inquiry
from channels_app.provider import Field, Provider, Unframer, gettext_noop

SERVICE = "bedrock"
FRAMES = "application/vnd.amazon.eventstream"
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d+")
_PROFILES = ("us.", "eu.", "apac.", "jp.", "au.", "ca.", "us-gov.", "global.")
# In Anthropic's words, which every reader of failures knows.
_ERRORS = {
    "throttlingException": "rate_limit_error",
    "validationException": "invalid_request_error",
    "serviceUnavailableException": "overloaded_error",
}
_NO_ON_DEMAND = re.compile(r"model ID (\S+) with on-demand throughput isn.t supported")
_NO_MODEL = re.compile(r"provided model identifier is invalid|have access to the model with the specified model ID", re.IGNORECASE)


class Credential(NamedTuple):
    """A pair of keys, with the region and the session it may bring along."""

    access: str
    secret: str
    region: str = ""
    session: str = ""


class Bedrock(Provider):
    slug = "bedrock"
    label = "Amazon Bedrock"
    dialect = "converse"
    fields = (
        Field(
            "region",
            gettext_noop("Region"),
            help=gettext_noop("Where the models run, such as us-west-2; empty for the key's, else us-east-1."),
        ),
        Field(
            "profile", gettext_noop("Inference profile"), help=gettext_noop("Put before plain model ids, such as us, eu, apac or global.")
        ),
        Field(
            "api",
            gettext_noop("Interface for Claude"),
            default="invoke",
            help=gettext_noop("“invoke” for Anthropic's own protocol, or “converse”."),
        ),
    )
    key_label = gettext_noop("Bedrock API key, or access key|secret key|region")
    default_models = ("amazon.nova-lite-v1:0", "amazon.nova-pro-v1:0", "anthropic.claude-3-5-sonnet-20240620-v1:0")
    operations = frozenset({"chat"})
    signs = True
    wants_bytes = True

    def dialect_of(self, call: Call, channel: ChannelFacts) -> str:
        is_claude = "anthropic.claude" in channel.upstream(call.model)
        return "anthropic" if is_claude and channel.options.get("api") != "converse" else self.dialect

    def adapt(self, encoded: Encoded, call: Call, channel: ChannelFacts) -> Encoded:
        """Name the model in the path, by its profile, and give Anthropic's body the shape that InvokeModel wants."""
        model = quote(model_id(channel.upstream(call.model), str(channel.options.get("profile", ""))), safe="")
        if self.dialect_of(call, channel) == self.dialect:
            return encoded._replace(path=f"/model/{model}/{encoded.path.rpartition('/')[2]}")
        path = f"/model/{model}/invoke{'-with-response-stream' if call.is_stream else ''}"
        return encoded._replace(path=path, body=_invocation(encoded), headers=())

    def address(self, channel: ChannelFacts, path: str) -> str:
        return (channel.base_url.rstrip("/") or host_of(region_of(channel, None))) + path

    def authorize(self, channel: ChannelFacts, key: ChannelKey) -> tuple[tuple[str, str], ...]:
        return () if credential(key) else super().authorize(channel, key)

    def sign(self, request: UpstreamRequest, channel: ChannelFacts, key: ChannelKey, now: float) -> UpstreamRequest:
        """Sign the exact bytes that go out, and only the headers that must be; a key may bring its region along."""
        pair = credential(key)
        if pair is None:
            return request
        elsewhere = host_of(region_of(channel, None))
        if not channel.base_url and request.url.startswith(elsewhere):
            request = replace(request, url=host_of(region_of(channel, pair)) + request.url.removeprefix(elsewhere))
        kept = {name: value for name, value in request.headers if name == "content-type"}
        signed = AWSRequest(request.method, request.url, data=request.body, headers=kept)
        _Signer(pair, region_of(channel, pair), now).add_auth(signed)
        proof = [(name.lower(), value) for name, value in signed.headers.items() if name.lower() != "content-type"]
        return replace(request, headers=(*request.headers, *proof))

    def unframe(self, call: Call, head: UpstreamHead) -> Unframer | None:
        return Frames() if head.content_type == FRAMES else None

    def list_models(self, channel: ChannelFacts, key: ChannelKey) -> Inquiry[Sequence[str]]:
        """Read the models that answer by their own ids, and the inference profiles."""
        region = region_of(channel, credential(key))
        base, headers = channel.base_url.rstrip("/") or host_of(region, "bedrock"), self.authorize(channel, key)
        reply = yield UpstreamRequest("GET", f"{base}/foundation-models?byOutputModality=TEXT", headers)
        found = [
            str(row["modelId"])
            for row in reply.json("modelSummaries")
            if row["modelLifecycle"]["status"] == "ACTIVE" and "ON_DEMAND" in row["inferenceTypesSupported"]
        ]
        reply = yield UpstreamRequest("GET", f"{base}/inference-profiles?maxResults=1000", headers)
        return [*found, *(str(row["inferenceProfileId"]) for row in reply.json("inferenceProfileSummaries") if row["status"] == "ACTIVE")]

    def classify(self, failure: Failure, body: bytes) -> Failure:
        on_demand = _NO_ON_DEMAND.search(failure.message)
        if on_demand:
            hint = f"{failure.message} Set the channel's inference profile, for example us, or map the model to us.{on_demand[1]}."
            return replace(failure, kind=FailureKind.NOT_FOUND, message=hint)
        return replace(failure, kind=FailureKind.NOT_FOUND) if _NO_MODEL.search(failure.message) else failure


class Frames:
    """Binary frames of an answer as server-sent events; each is named by its frame, an exception is called `error`."""

    def __init__(self) -> None:
        self._buffer = EventStreamBuffer()

    def feed(self, chunk: bytes) -> bytes:
        """Take bytes as they arrive; return the events they complete."""
        self._buffer.add_data(chunk)
        return b"".join(self._events())

    def end(self) -> bytes:
        """Return nothing: half a frame says nothing."""
        return b""

    def _events(self) -> Iterator[bytes]:
        try:
            for frame in self._buffer:
                yield _event(frame.headers, frame.payload)
        except ParserError:
            yield _error("brokenFrame", "upstream's frames are broken")


def _event(headers: dict[str, Any], payload: bytes) -> bytes:
    if headers.get(":message-type") == "error":
        return _error(str(headers.get(":error-code")), str(headers.get(":error-message", "")))
    if headers.get(":message-type") == "exception":
        return _error(str(headers.get(":exception-type")), str(_object(payload).get("message", "")))
    name = str(headers.get(":event-type"))
    inner = _object(payload).get("bytes") if name == "chunk" else None
    if inner is not None:
        payload = base64.b64decode(inner)
        name = str(_object(payload).get("type"))
    return b"event: %s\ndata: %s\n\n" % (name.encode(), payload)


def _error(code: str, message: str) -> bytes:
    error = {"type": _ERRORS.get(code, "api_error"), "code": code, "message": message}
    return b"event: error\ndata: " + orjson.dumps({"type": "error", "error": error}) + b"\n\n"


def _object(payload: bytes) -> dict[str, Any]:
    try:
        loaded = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return {}
    return loaded if isinstance(loaded, dict) else {}


class _Signer(SigV4Auth):  # type: ignore[misc]  # botocore has no types
    """Signs at the time it is told, not at the clock's."""

    def __init__(self, pair: Credential, region: str, now: float) -> None:
        super().__init__(Credentials(pair.access, pair.secret, pair.session or None), SERVICE, region)
        self._timestamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")

    def _modify_request_before_signing(self, request: AWSRequest) -> None:
        request.context["timestamp"] = self._timestamp
        super()._modify_request_before_signing(request)


def credential(key: ChannelKey) -> Credential | None:
    """Return the pair of keys in `access|secret[|region][|session]`, or None for a Bedrock API key."""
    access, *rest = key.secret.reveal().strip().split("|")
    if not rest:
        return None
    region = next((part for part in rest[1:] if _REGION.fullmatch(part)), "")
    session = next((part for part in rest[1:] if part and not _REGION.fullmatch(part)), "")
    return Credential(access, rest[0], region, session)


def region_of(channel: ChannelFacts, pair: Credential | None) -> str:
    """Return where to call: as the channel says, else as its key does."""
    return str(channel.options.get("region") or (pair.region if pair else "") or "us-east-1").strip()


def host_of(region: str, service: str = "bedrock-runtime") -> str:
    """Return the address of a region's runtime, or of another service of it."""
    return f"https://{service}.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}"


def model_id(model: str, profile: str) -> str:
    """Return a model's id with the channel's inference profile; ids that have one, and ARNs, stay."""
    if not profile.strip() or model.startswith(("arn:", *_PROFILES)):
        return model
    return f"{profile.strip().rstrip('.')}.{model}"


def _invocation(encoded: Encoded) -> bytes:
    fields = orjson.loads(encoded.body)
    for name in ("model", "stream"):
        fields.pop(name, None)
    betas = [beta.strip() for name, value in encoded.headers if name == "anthropic-beta" for beta in value.split(",") if beta.strip()]
    if betas:
        fields.setdefault("anthropic_beta", betas)
    return orjson.dumps({"anthropic_version": "bedrock-2023-05-31", **fields})
