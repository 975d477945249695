"""Vendors that run models: Mistral, Groq, xAI, Together.

Sources: docs.mistral.ai and mistralai, console.groq.com and groq, docs.x.ai, docs.together.ai.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tests.doubles import replies
from tests.doubles.replies import Reply, chunk
from tests.doubles.west import speech
from tests.doubles.west.service import CITY, Fields, Manners, Trouble, refuse, roles
from tests.doubles.west.speech import listed, told

# --- Mistral: strict about fields and ids, text in parts, arguments as an object, usage on the last chunk of content.
_NINE = re.compile(r"[a-zA-Z0-9]{9}")
_MISTRAL_CALL = {"id": "Ab1Cd2Ef3", "function": {"name": "weather", "arguments": CITY}, "index": 0}


def _mistral_error(status: int, message: str, kind: str, code: str) -> Reply:
    return told(status, {"object": "error", "message": message, "type": kind, "param": None, "code": code})


def _mistral_check(fields: Fields, headers: Mapping[str, str]) -> Reply | None:
    names = ("user", "seed", "stream_options", "logit_bias", "max_completion_tokens", "store", "logprobs", "messages.name")
    if unknown := refuse(fields, *names):
        detail = [{"type": "extra_forbidden", "loc": ["body", unknown], "msg": "Extra inputs are not permitted", "input": 1}]
        return told(422, {"object": "error", "message": {"detail": detail}, "type": "invalid_request_error", "param": None, "code": None})
    if "developer" in roles(fields) or fields.get("tool_choice") == "required":
        return told(422, {"detail": [{"type": "enum", "loc": ["body"], "msg": "Input should be 'system', 'user', 'any' or 'auto'"}]})
    for message in fields["messages"]:
        for one in (
            *(call["id"] for call in message.get("tool_calls") or ()),
            *([message["tool_call_id"]] if "tool_call_id" in message else ()),
        ):
            if not _NINE.fullmatch(one):
                return told(400, {"object": "error", "message": f"Tool call id was {one} but must be a-z, A-Z, 0-9, with a length of 9."})
    last = fields["messages"][-1]
    if last["role"] == "assistant" and not last.get("prefix"):
        return told(400, {"object": "error", "message": "Expected last role User or Tool but got assistant", "code": "3230"})
    return None


def _mistral_stream(case: str, counts: bool) -> Reply:
    thinking = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]
    if case == "tool":
        last = chunk({"content": "", "tool_calls": [_MISTRAL_CALL]}, "tool_calls")
        return speech.stream(chunk({"role": "assistant", "content": ""}), {**last, "usage": replies.USAGE})
    words = [chunk({"content": [{"type": "text", "text": word}]}) for word in replies.WORDS[:-1]]
    last = chunk({"content": replies.WORDS[-1]}, "stop")
    return speech.stream(chunk({"role": "assistant", "content": thinking}), *words, {**last, "usage": replies.USAGE})


MISTRAL = Manners(
    slug="mistral",
    prefix="/v1",
    key="mistral-key-0123456789",
    model="mistral-small-latest",
    no_key=told(401, {"detail": "Unauthorized"}),
    whole=lambda case: replies.answer(
        speech.whole(case, said={"tool_calls": [_MISTRAL_CALL] if case == "tool" else None, "prefix": False})
    ),
    stream=_mistral_stream,
    check=_mistral_check,
    pages={"/v1/models": listed("mistral-small-latest")},
    troubles=(
        Trouble(
            told(
                429,
                {
                    "object": "error",
                    "message": "Service tier capacity exceeded for this model.",
                    "type": "service_tier_capacity_exceeded",
                    "code": "3505",
                },
            ),
            "rate_limited",
        ),
        Trouble(
            _mistral_error(400, "Invalid model: x", "invalid_model", "1500"),
            "bad_request",
        ),
        Trouble(told(402, {"detail": "Your account is out of credits"}), "no_quota"),
    ),
    late=speech.stream(*speech.chunks("text")[:3], chunk({}, "error")),
)

# --- Groq: usage and late errors in a member of its own, reasoning by its own name, one choice only.
_GROQ_USAGE = {**replies.USAGE, "queue_time": 0.02, "prompt_time": 0.001, "completion_time": 0.01, "total_time": 0.011}


def _groq_check(fields: Fields, headers: Mapping[str, str]) -> Reply | None:
    unknown = refuse(fields, "logprobs", "top_logprobs", "logit_bias")
    if unknown or fields.get("n", 1) != 1:
        return replies.error(400, "invalid_value", f"property '{unknown or 'n'}' is unsupported")
    return None


def _groq_stream(case: str, counts: bool) -> Reply:
    first = {**chunk({"role": "assistant", "content": "", "reasoning": "hm"}), "x_groq": {"id": "req_1"}}
    *said, last = speech.chunks(case)
    return speech.stream(first, *said, {**last, "x_groq": {"id": "req_1", "usage": _GROQ_USAGE}})


GROQ = Manners(
    slug="groq",
    prefix="/openai/v1",
    key="gsk_0123456789",
    model="llama-3.3-70b-versatile",
    no_key=replies.error(401, "invalid_api_key", "Invalid API Key"),
    whole=lambda case: replies.answer(speech.whole(case, usage=_GROQ_USAGE, x_groq={"id": "req_1"})),
    stream=_groq_stream,
    check=_groq_check,
    pages={"/openai/v1/models": listed("llama-3.3-70b-versatile")},
    troubles=(
        Trouble(replies.error(429, "rate_limit_exceeded", "Rate limit reached for model", kind="tokens", retry_after="7"), "rate_limited"),
        Trouble(
            replies.error(413, "rate_limit_exceeded", "Request too large for model on tokens per minute", kind="tokens"), "rate_limited"
        ),
        Trouble(replies.error(498, "capacity_exceeded", "Flex tier capacity exceeded", kind="server_error"), "upstream"),
    ),
    late=speech.stream(*speech.chunks("text")[:3], {"id": "c", "choices": [], "x_groq": {"error": "over capacity"}}),
)


# --- xAI: tokens of reasoning outside the completion's, penalties and stops refused by models that reason.
def _xai_error(status: int, code: str, message: str) -> Reply:
    return told(status, {"code": code, "error": message})


def _xai_check(fields: Fields, headers: Mapping[str, str]) -> Reply | None:
    unknown = refuse(fields, "presence_penalty", "frequency_penalty", "stop")
    return (
        _xai_error(400, "Client specified an invalid argument", f"Model grok-4 does not support parameter {unknown}.") if unknown else None
    )


_XAI_USAGE = {
    "prompt_tokens": 12,
    "completion_tokens": 4,
    "total_tokens": 22,
    "prompt_tokens_details": {"text_tokens": 12, "audio_tokens": 0, "image_tokens": 0, "cached_tokens": 0},
    "completion_tokens_details": {
        "reasoning_tokens": 6,
        "audio_tokens": 0,
        "accepted_prediction_tokens": 0,
        "rejected_prediction_tokens": 0,
    },
    "num_sources_used": 0,
}


def _xai_stream(case: str, counts: bool) -> Reply:
    said = [chunk({"role": "assistant", "reasoning_content": "hm"}), *speech.chunks(case)]
    return speech.stream(*said, *([replies.usage_chunk(_XAI_USAGE)] if counts else []))


XAI = Manners(
    slug="xai",
    prefix="/v1",
    key="xai-0123456789",
    model="grok-4",
    no_key=_xai_error(400, "Client specified an invalid argument", "Incorrect API key provided: xa***89."),
    whole=lambda case: replies.answer(
        speech.whole(case, said={"reasoning_content": "hm", "refusal": None}, usage=_XAI_USAGE, citations=None)
    ),
    stream=_xai_stream,
    check=_xai_check,
    pages={"/v1/models": listed("grok-4")},
    troubles=(
        Trouble(
            told(
                403,
                {
                    "code": "The caller does not have permission",
                    "error": "Your team has used all available credits.",
                },
            ),
            "no_quota",
        ),
        Trouble(
            told(
                404,
                {
                    "code": "Some requested entity was not found",
                    "error": "The model grok-x does not exist.",
                },
            ),
            "not_found",
        ),
        Trouble(_xai_error(429, "Some resource has been exhausted", "Too many requests for team"), "rate_limited"),
    ),
    late=replies.cut_mid_stream(),
    usage=(12, 10),
)


# --- Together: an id around the error, usage on the last chunk, ends of texts by the model's own mark.
def _together_error(status: int, message: str, kind: str, code: str | None = None) -> Reply:
    return told(status, {"id": "o1", "error": {"message": message, "type": kind, "param": None, "code": code}})


def _together_check(fields: Fields, headers: Mapping[str, str]) -> Reply | None:
    wrong = "developer" in roles(fields)
    return (
        told(
            422,
            {
                "id": "o1",
                "error": {"message": "Input validation error", "type": "invalid_request_error", "param": "messages", "code": None},
            },
        )
        if wrong
        else None
    )


def _together_stream(case: str, counts: bool) -> Reply:
    *said, last = speech.chunks(case, finish="eos" if case == "text" else None)
    return speech.stream(*said, {**last, "usage": replies.USAGE})


TOGETHER = Manners(
    slug="together",
    prefix="/v1",
    key="tgp_v1_0123456789",
    model="meta-llama/Llama-3.3-70B-Instruct-Turbo",
    no_key=told(
        401,
        {
            "id": "o1",
            "error": {"message": "Invalid API key provided.", "type": "invalid_request_error", "param": None, "code": "invalid_api_key"},
        },
    ),
    whole=lambda case: replies.answer(
        speech.whole(case, choice={"seed": 1, "logprobs": None} | ({"finish_reason": "eos"} if case == "text" else {}), prompt=[])
    ),
    stream=_together_stream,
    check=_together_check,
    pages={"/v1/models": [{"id": "meta-llama/Llama-3.3-70B-Instruct-Turbo", "object": "model", "type": "chat"}]},
    troubles=(
        Trouble(
            told(
                429,
                {
                    "id": "o1",
                    "error": {"message": "Request was rejected due to rate limiting", "type": "rate_limit", "param": None, "code": None},
                },
            ),
            "rate_limited",
        ),
        Trouble(
            _together_error(402, "Credit limit exceeded", "credit_limit"),
            "no_quota",
        ),
        Trouble(
            told(
                404,
                {
                    "id": "o1",
                    "error": {
                        "message": "Unable to access model x",
                        "type": "invalid_request_error",
                        "param": None,
                        "code": "model_not_available",
                    },
                },
            ),
            "not_found",
        ),
    ),
    late=speech.stream(*speech.chunks("text")[:3], {"id": "o1", "error": {"message": "engine died", "type": "server_error"}}),
)

ALL = (MISTRAL, GROQ, XAI, TOGETHER)
