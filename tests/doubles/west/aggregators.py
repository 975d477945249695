"""Vendors that pass calls on: OpenRouter, a LiteLLM proxy, another one-api or new-api, Hugging Face's router, Deepbricks.

Sources: openrouter.ai/docs, docs.litellm.ai and its code, songquanpeng/one-api, huggingface.co/docs/inference-providers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.doubles import replies
from tests.doubles.replies import Reply, chunk
from tests.doubles.upstream import Received
from tests.doubles.west import speech
from tests.doubles.west.service import Fields, Manners, Trouble, refuse, roles
from tests.doubles.west.speech import told

# --- OpenRouter: comments, the provider's name, reasoning by another name, the exact cost, errors inside a 200.
_PROCESSING = b": OPENROUTER PROCESSING\n\n"
_ROUTER_USAGE = {
    **replies.USAGE,
    "cost": 0.00014,
    "cost_details": {"upstream_inference_cost": None},
    "is_byok": False,
    "prompt_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
}
ROUTER_KEY, MANAGEMENT_KEY = "sk-or-v1-inference", "sk-or-v1-management"


def _router_error(code: int | str, message: str, **metadata: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "metadata": metadata}, "user_id": "user_1"}


def _router_chunk(made: Mapping[str, Any]) -> dict[str, Any]:
    choices = [{**choice, "native_finish_reason": choice["finish_reason"], "logprobs": None} for choice in made["choices"]]
    return {**made, "id": "gen-1", "provider": "Together", "choices": choices}


def _router_stream(case: str, counts: bool) -> Reply:
    said = [_router_chunk(one) for one in speech.chunks(case)]
    thought = _router_chunk(chunk({"role": "assistant", "content": "", "reasoning": "hm", "reasoning_details": []}))
    usage = {**_router_chunk(chunk({"role": "assistant", "content": ""})), "usage": _ROUTER_USAGE}
    return speech.stream(_PROCESSING, thought, _PROCESSING, *said, usage)


def _router_key(request: Received) -> Reply:
    if request.headers.get("authorization") != f"Bearer {ROUTER_KEY}":
        return told(401, _router_error(401, "No auth credentials found"))
    return replies.answer(
        {"data": {"label": "sk-or-v1-inf...", "limit": None, "limit_remaining": None, "usage": 2.5, "is_free_tier": False}}
    )


def _router_credits(request: Received) -> Reply:
    if request.headers.get("authorization") != f"Bearer {MANAGEMENT_KEY}":
        return told(403, _router_error(403, "Only management keys can fetch credits"))
    return replies.answer({"data": {"total_credits": 20, "total_usage": 5.5}})


def _router_check(fields: Fields, headers: Mapping[str, str]) -> Reply | None:
    if headers.get("http-referer") != "https://shop.test" or headers.get("x-openrouter-title") != "Shop":
        return told(400, _router_error(400, "this test wants the app's name"))
    return None


_DIES = {**_router_chunk(chunk({"content": ""}, "error")), "error": {"code": 502, "message": "died", "metadata": {"error_type": "x"}}}

OPENROUTER = Manners(
    slug="openrouter",
    prefix="/api/v1",
    key=ROUTER_KEY,
    model="meta-llama/llama-3.3-70b-instruct:nitro",
    no_key=told(401, _router_error(401, "User not found.")),
    whole=lambda case: replies.answer(
        speech.whole(
            case, said={"reasoning": None, "refusal": None}, choice={"native_finish_reason": "stop"}, id="gen-1", usage=_ROUTER_USAGE
        )
    ),
    stream=_router_stream,
    check=_router_check,
    pages={
        "/api/v1/key": _router_key,
        "/api/v1/credits": _router_credits,
        "/api/v1/models": {"data": [{"id": "meta-llama/llama-3.3-70b-instruct", "pricing": {"prompt": "0.0000001"}}]},
    },
    troubles=(
        Trouble(told(402, _router_error(402, "Insufficient credits. Add more using https://openrouter.ai/settings/credits")), "no_quota"),
        Trouble(told(429, _router_error(429, "Provider returned error", provider_name="X", raw="slow down")), "rate_limited"),
        Trouble(told(503, _router_error(503, "No instances available")), "upstream"),
        Trouble(replies.answer(_router_error(502, "Provider returned error", provider_name="X")), "upstream"),
        Trouble(replies.answer(_router_error("server_error", "in the body of a 200")), "upstream"),
    ),
    late=speech.stream(_PROCESSING, _router_chunk(chunk({"role": "assistant", "content": "Hello"})), _DIES),
    cost=140,
    stream_cost=140,
    options={"referer": "https://shop.test", "title": "Shop", "management_key": MANAGEMENT_KEY},
)

# --- LiteLLM: costs in headers, prefixed messages, codes as texts, a budget of the key, thinking in blocks.
_MODEL_GROUP = "bedrock-claude-haiku"


def _litellm_error(code: int, message: str, kind: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": str(code)}}


def _litellm_told(status: int, message: str, kind: str) -> Reply:
    return told(status, _litellm_error(status, message, kind))


def _litellm_stream(case: str, counts: bool) -> Reply:
    thought = {
        "role": "assistant",
        "reasoning_content": "hm",
        "thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": ""}],
        "provider_specific_fields": {"citation": None},
    }
    return speech.stream(chunk(thought), *speech.chunks(case), *([replies.usage_chunk()] if counts else []))


LITELLM = Manners(
    slug="litellm",
    prefix="/v1",
    key="sk-litellm-virtual",
    model=_MODEL_GROUP,
    no_key=_litellm_told(401, "Authentication Error, Invalid proxy server token passed.", "token_not_found_in_db"),
    whole=lambda case: replies.answer(
        speech.whole(case, usage={**replies.USAGE, "cache_read_input_tokens": 0}),
        headers=[("x-litellm-response-cost", "0.0000312"), ("x-litellm-model-api-base", "https://secret.internal"), ("set-cookie", "a=1")],
    ),
    stream=_litellm_stream,
    pages={
        "/key/info": {"key": "sk-...ual", "info": {"spend": 1.25, "max_budget": 10.0, "models": []}},
        "/v1/models": {"object": "list", "data": [{"id": _MODEL_GROUP, "object": "model"}]},
    },
    troubles=(
        Trouble(_litellm_told(422, "Budget has been exceeded! Current cost: 10.1, Max budget: 10.0", "budget_exceeded"), "no_quota"),
        Trouble(
            told(
                429,
                _litellm_error(429, "litellm.RateLimitError: Too many tokens. Received Model Group=x", "throttling_error"),
            ),
            "rate_limited",
        ),
        Trouble(_litellm_told(400, "litellm.BadRequestError: OpenAIException - bad", "invalid_request_error"), "bad_request"),
        Trouble(
            _litellm_told(500, "litellm.InternalServerError: Overloaded", "internal_server_error"),
            "upstream",
        ),
    ),
    late=speech.stream(*speech.chunks("text")[:2], {"error": _litellm_error(500, "litellm.MidStreamFallbackError: lost", "None")["error"]}),
    cost=32,
)

# --- one-api and new-api: ids of requests behind every message, Chinese words for money, the endpoints of balances.
_IDS = "(request id: 2026112712345678901234567) (request id: 20261127000)"


def _family(message: str, kind: str = "one_api_error", code: str | None = None) -> dict[str, Any]:
    return {"error": {"message": f"{message} {_IDS}", "type": kind, "param": "", "code": code}}


ONEAPI = Manners(
    slug="oneapi",
    prefix="/v1",
    key="sk-nested-token",
    model="gpt-4o-mini",
    no_key=told(401, _family("无效的令牌")),
    whole=lambda case: replies.answer(speech.whole(case, usage=replies.USAGE), headers=[("x-keyosk-cost-micros", "77")]),
    stream=lambda case, counts: speech.stream(*speech.chunks(case), *([replies.usage_chunk()] if counts else [])),
    pages={
        "/v1/dashboard/billing/subscription": {"object": "billing_subscription", "has_payment_method": True, "hard_limit_usd": 10.0},
        "/v1/dashboard/billing/usage": {"object": "list", "total_usage": 250.0},
        "/v1/models": {"object": "list", "data": [{"id": "gpt-4o-mini", "object": "model", "owned_by": "openai", "permission": []}]},
    },
    troubles=(
        Trouble(told(403, _family("该令牌额度已用尽")), "no_quota"),
        Trouble(told(403, _family("用户额度不足", "new_api_error", "insufficient_user_quota")), "no_quota"),
        Trouble(told(429, _family("当前分组上游负载已饱和，请稍后再试", "new_api_error")), "rate_limited"),
        Trouble(replies.answer(_family("上游错误", "new_api_error", "bad_response")), "upstream"),
        Trouble(told(503, _family("当前分组 default 下对于模型 m 无可用渠道")), "upstream"),
    ),
    late=replies.cut_mid_stream(),
    cost=77,
)


# --- Hugging Face: keys of its own form, errors as a text, a model that is being loaded, credits of the month.
def _router_of_models(fields: Fields, headers: Mapping[str, str]) -> Reply | None:
    if "/" not in fields["model"]:
        return told(400, {"error": {"message": "The requested model does not exist.", "http_status_code": 400, "code": "model_not_found"}})
    return told(422, {"error": "unknown variant `developer`", "error_type": "validation"}) if "developer" in roles(fields) else None


HUGGINGFACE = Manners(
    slug="huggingface",
    prefix="/v1",
    key="hf_abcdef",
    model="openai/gpt-oss-120b:fastest",
    no_key=told(401, {"error": "Invalid username or password."}),
    whole=lambda case: replies.answer(speech.whole(case, choice=None if case == "tool" else {"finish_reason": "eos_token"})),
    stream=lambda case, counts: speech.stream(
        *speech.chunks(case, finish="stop_sequence" if case == "text" else None), *([replies.usage_chunk()] if counts else [])
    ),
    check=_router_of_models,
    pages={"/v1/models": {"object": "list", "data": [{"id": "openai/gpt-oss-120b", "object": "model"}]}},
    troubles=(
        Trouble(told(402, {"error": "You have exceeded your monthly included credits for Inference Providers."}), "no_quota"),
        Trouble(told(503, {"error": "Model openai/gpt-oss-120b is currently loading", "estimated_time": 20.0}), "upstream"),
        Trouble(
            told(422, {"error": "Input validation error", "error_type": "validation"}),
            "bad_request",
        ),
        Trouble(told(429, {"error": "Rate limit reached. Please log in or use a HF access token"}), "rate_limited"),
    ),
    late=speech.stream(*speech.chunks("text")[:3], {"error": "Request failed during generation: Server error", "error_type": "generation"}),
)


# --- Deepbricks: OpenAI's own words, but nothing that came later.
def _old_openai(fields: Fields, headers: Mapping[str, str]) -> Reply | None:
    unknown = refuse(fields, "stream_options") or ("developer" if "developer" in roles(fields) else "")
    return replies.error(400, "unknown_parameter", f"Unrecognized request argument supplied: {unknown}") if unknown else None


DEEPBRICKS = Manners(
    slug="deepbricks",
    prefix="/v1",
    key="sk-deepbricks",
    model="gpt-4o-mini",
    no_key=replies.error(401, "invalid_api_key", "Incorrect API key provided: sk-de***"),
    whole=lambda case: replies.answer(speech.whole(case)),
    stream=lambda case, counts: speech.stream(*speech.chunks(case)),
    check=_old_openai,
    pages={"/v1/models": {"object": "list", "data": [{"id": "gpt-4o-mini", "object": "model"}]}},
    troubles=(
        Trouble(replies.error(429, "insufficient_quota", "You exceeded your current quota", kind="insufficient_quota"), "no_quota"),
        Trouble(replies.html(502), "upstream"),
    ),
    late=replies.cut_mid_stream(),
    counts_streams=False,
)

ALL = (OPENROUTER, LITELLM, ONEAPI, HUGGINGFACE, DEEPBRICKS)
