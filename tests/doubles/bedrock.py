"""Amazon Bedrock's runtime and control addresses: signatures checked, bodies checked against the service's own model."""

from __future__ import annotations

import base64
import itertools
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import botocore.loaders
import botocore.model
import botocore.validate
import orjson

from tests.doubles import amazon, replies
from tests.doubles.replies import Reply
from tests.doubles.upstream import Received, Upstream

KEY_ID = "AKIDEXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"  # Amazon's published example
BEARER = "bedrock-api-key-abc"
USAGE = {"inputTokens": 12, "outputTokens": 4, "totalTokens": 16, "cacheReadInputTokens": 0, "cacheWriteInputTokens": 0}
FRAMES = "application/vnd.amazon.eventstream"
# Answers only by an inference profile.
PROFILE_ONLY = "anthropic.claude-profile-only-v1:0"
_NO_ON_DEMAND = (
    f"Invocation of model ID {PROFILE_ONLY} with on-demand throughput isn’t supported. Retry your request with the ID or ARN of an"
    " inference profile that contains this model."
)
_SHAPES = {"converse": "Converse", "converse-stream": "ConverseStream"}


def error(status: int, kind: str, message: str) -> Reply:
    """Answer an error as the service writes it: the kind in a header, the words in the body."""
    return replies.answer({"message": message}, status=status, headers=[("x-amzn-ErrorType", f"{kind}:http://internal.amazon.com/")])


def answer(*blocks: dict[str, Any], stop: str = "end_turn", usage: dict[str, Any] | None = None) -> Reply:
    """Answer a whole conversation's turn."""
    message = {"role": "assistant", "content": list(blocks) or [{"text": replies.TEXT}]}
    return replies.answer({"output": {"message": message}, "stopReason": stop, "usage": usage or USAGE, "metrics": {"latencyMs": 9}})


def words(texts: tuple[str, ...] = replies.WORDS) -> list[bytes]:
    """Return the frames that say these texts; a text has no start event."""
    said = [amazon.event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": text}, "p": "abcdef"}) for text in texts]
    return [amazon.event("messageStart", {"role": "assistant"}), *said, amazon.event("contentBlockStop", {"contentBlockIndex": 0})]


def ending(stop: str = "end_turn", usage: dict[str, Any] | None = None) -> list[bytes]:
    """Return the last frames: the usage comes after the stop."""
    metadata = {"usage": usage or USAGE, "metrics": {"latencyMs": 9}}
    return [amazon.event("messageStop", {"stopReason": stop}), amazon.event("metadata", metadata)]


def frames(*steps: replies.Step) -> Reply:
    """Answer frames."""
    return Reply(steps, content_type=FRAMES, is_chunked=True)


def claude_frames(*events: dict[str, Any]) -> Reply:
    """Answer the events of Anthropic's protocol, each inside a frame, as InvokeModelWithResponseStream does."""
    return frames(*(amazon.event("chunk", {"bytes": base64.b64encode(orjson.dumps(one)).decode()}) for one in events))


CLAUDE_USAGE = {"input_tokens": 12, "output_tokens": 4}
CLAUDE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude",
    "content": [{"type": "text", "text": replies.TEXT}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": CLAUDE_USAGE,
}
CLAUDE_EVENTS: tuple[dict[str, Any], ...] = (
    {"type": "message_start", "message": {**CLAUDE, "content": [], "stop_reason": None, "usage": {"input_tokens": 12, "output_tokens": 1}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    *({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}} for text in replies.WORDS),
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 4}},
    {"type": "message_stop", "amazon-bedrock-invocationMetrics": {"inputTokenCount": 12, "outputTokenCount": 4}},
)


class Bedrock(Upstream):
    """Knows one pair of keys and one bearer key; `url` is the endpoint, without a path."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def reply_to(self, request: Received) -> Reply:
        refusal = _unauthorised(request)
        if refusal is not None:
            return refusal
        if request.method == "GET":
            return _listing(request.path.partition("?")[0])
        _, _, model, operation = request.path.split("/")
        if unquote(model) == PROFILE_ONLY:
            return error(400, "ValidationException", _NO_ON_DEMAND)
        wrong = _wrong(operation, unquote(model), request.fields)
        if wrong:
            return error(400, "ValidationException", wrong)
        return self.next_reply() or _right(operation)


def _unauthorised(request: Received) -> Reply | None:
    authorization = request.headers.get("authorization", "")
    if authorization.startswith("Bearer "):
        return None if authorization == f"Bearer {BEARER}" else error(403, "AccessDeniedException", "Invalid API Key format")
    found = amazon.complaint(
        request.method,
        request.path,
        request.headers,
        request.body,
        secrets={KEY_ID: SECRET},
        service="bedrock",
        now=datetime.now(UTC),
    )
    kind = "UnrecognizedClientException" if found and "token" in found else "InvalidSignatureException"
    return error(403, kind, found) if found else None


def _right(operation: str) -> Reply:
    return {
        "converse": answer(),
        "converse-stream": frames(*words(), *ending()),
        "invoke": replies.answer(CLAUDE),
        "invoke-with-response-stream": claude_frames(*CLAUDE_EVENTS),
    }[operation]


def _wrong(operation: str, model: str, fields: dict[str, Any]) -> str:
    """Return what is wrong with a body: by the service's model, and by what that does not say."""
    if operation not in _SHAPES:
        wanted = {"anthropic_version", "max_tokens", "messages"} - set(fields)
        unwanted = {"model", "stream"} & set(fields)
        return "".join(f"{name}: Field required. " for name in wanted) + "".join(
            f"{name}: Extra inputs are not permitted" for name in unwanted
        )
    shape = _service().operation_model(_SHAPES[operation]).input_shape
    report = botocore.validate.ParamValidator().validate({"modelId": model, **fields}, shape)
    unknown = set(fields) - set(shape.members)
    turns = fields.get("messages", ())
    roles = [turn.get("role") for turn in turns]
    if unknown or report.has_errors():
        return f"{sorted(unknown)} {report.generate_report()}"
    if roles[:1] != ["user"] or any(one == other for one, other in itertools.pairwise(roles)):
        return "A conversation must alternate between user and assistant roles and start with a user message."
    if any(block.get("text") == "" for turn in turns for block in turn["content"]):
        return "The text field in the ContentBlock object is blank."
    return ""


def _service() -> Any:
    loaded = botocore.loaders.Loader().load_service_model("bedrock-runtime", "service-2")
    return botocore.model.ServiceModel(loaded, "bedrock-runtime")


def _listing(path: str) -> Reply:
    if path == "/foundation-models":
        model = {
            "modelArn": "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0",
            "modelId": "amazon.nova-lite-v1:0",
            "modelName": "Nova Lite",
            "providerName": "Amazon",
            "inputModalities": ["TEXT"],
            "outputModalities": ["TEXT"],
            "responseStreamingSupported": True,
            "inferenceTypesSupported": ["ON_DEMAND"],
            "modelLifecycle": {"status": "ACTIVE"},
        }
        legacy = {**model, "modelId": "amazon.titan-old", "modelLifecycle": {"status": "LEGACY"}}
        return replies.answer({"modelSummaries": [model, legacy]})
    profile = {
        "inferenceProfileName": "US Claude",
        "inferenceProfileArn": "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-profile-only-v1:0",
        "inferenceProfileId": f"us.{PROFILE_ONLY}",
        "models": [],
        "status": "ACTIVE",
        "type": "SYSTEM_DEFINED",
    }
    return replies.answer({"inferenceProfileSummaries": [profile]})
