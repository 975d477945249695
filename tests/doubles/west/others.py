"""Vendors that search, run open models, or run on one's own machine: Perplexity, Cloudflare, Ollama, Jina.

Sources: docs.perplexity.ai, developers.cloudflare.com/workers-ai, docs.ollama.com, jina.ai.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.doubles import replies
from tests.doubles.replies import Reply, chunk
from tests.doubles.west import speech
from tests.doubles.west.service import Fields, Manners, Trouble, roles
from tests.doubles.west.speech import listed, told

# --- Perplexity: no version in the address, the whole message in each chunk, its price in the usage, a page for a wrong key.
_SONAR_USAGE = {
    **replies.USAGE,
    "search_context_size": "low",
    "cost": {"input_tokens_cost": 0.0, "request_cost": 0.005, "total_cost": 0.005016},
}


def _sonar(made: Mapping[str, Any], so_far: str) -> dict[str, Any]:
    choices = [{**choice, "message": {"role": "assistant", "content": so_far}} for choice in made["choices"]]
    return {
        **made,
        "object": "chat.completion",
        "choices": choices,
        "usage": _SONAR_USAGE,
        "citations": ["https://a.test"],
        "search_results": [],
    }


def _sonar_stream(case: str, counts: bool) -> Reply:
    texts = replies.WORDS
    said = [_sonar(chunk({"role": "assistant", "content": word}), "".join(texts[: place + 1])) for place, word in enumerate(texts)]
    return speech.stream(*said, _sonar(chunk({"role": "assistant", "content": ""}, "stop"), replies.TEXT), done=False)


def _sonar_error(status: int, message: str, kind: str) -> Reply:
    return told(status, {"error": {"message": message, "type": kind, "code": status}})


def _sonar_check(fields: Fields, headers: Mapping[str, str]) -> Reply | None:
    if "developer" in roles(fields) or fields["messages"][-1]["role"] not in {"user", "tool"}:
        return _sonar_error(400, "Last message must have role `user` or `tool`", "invalid_message")
    return _sonar_error(400, "Tool calling is not supported for this model", "bad_request") if fields.get("tools") else None


PERPLEXITY = Manners(
    slug="perplexity",
    prefix="",
    key="pplx-0123456789",
    model="sonar",
    no_key=replies.html(401),
    whole=lambda case: replies.answer(_sonar(speech.whole(case), replies.TEXT)),
    stream=_sonar_stream,
    check=_sonar_check,
    troubles=(
        Trouble(
            told(
                401,
                {
                    "error": {
                        "message": "You exceeded your current quota, please check your plan",
                        "type": "insufficient_quota",
                        "code": 401,
                    }
                },
            ),
            "no_quota",
        ),
        Trouble(_sonar_error(400, "Invalid model 'x'.", "invalid_model"), "bad_request"),
        Trouble(
            _sonar_error(429, "Request rate limit exceeded", "request_rate_limit_exceeded"),
            "rate_limited",
        ),
    ),
    cost=5016,
    stream_cost=5016,
)

# --- Cloudflare: the account in the address, errors in a list, a stream without roles.
_ACCOUNT = "0123456789abcdef0123456789abcdef"


def _cloudflare_error(code: int, message: str) -> dict[str, Any]:
    return {"success": False, "errors": [{"code": code, "message": message}], "messages": [], "result": None}


def _cloudflare_check(fields: Fields, headers: Mapping[str, str]) -> Reply | None:
    return told(400, _cloudflare_error(5006, "Error: oneOf at '/' not met")) if "developer" in roles(fields) else None


def _cloudflare_stream(case: str, counts: bool) -> Reply:
    *said, last = [{**one, "id": f"id-{place}"} for place, one in enumerate(speech.chunks(case))]
    return speech.stream(*said[1:], last, *([{**last, "choices": [], "usage": replies.USAGE}] if counts else []))


CLOUDFLARE = Manners(
    slug="cloudflare",
    prefix=f"/client/v4/accounts/{_ACCOUNT}/ai/v1",
    key="cf-token-0123456789",
    model="@cf/meta/llama-3.3-70b-instruct-fp8-fast",
    no_key=told(401, _cloudflare_error(10000, "Authentication error")),
    whole=lambda case: replies.answer(speech.whole(case)),
    stream=_cloudflare_stream,
    check=_cloudflare_check,
    troubles=(
        Trouble(told(400, _cloudflare_error(5007, "No such model @cf/x/y or task")), "not_found"),
        Trouble(told(429, _cloudflare_error(4006, "you have used up your daily free allocation of 10,000 neurons")), "no_quota"),
        Trouble(told(429, _cloudflare_error(3040, "Capacity temporarily exceeded, please try again.")), "rate_limited"),
        Trouble(told(500, _cloudflare_error(3043, "Internal server error")), "upstream"),
    ),
    late=replies.cut_mid_stream(),
    options={"account_id": _ACCOUNT},
)


# --- Ollama: no key, a whole tool call in one chunk, the role in every chunk, `stop` after tools.
def _ollama_stream(case: str, counts: bool) -> Reply:
    said = [chunk({"role": "assistant", "content": word}) for word in (replies.WORDS if case == "text" else ())]
    calls = [chunk({"role": "assistant", "content": "", "tool_calls": [{**speech.CALL, "index": 0}]})] if case == "tool" else []
    thought = chunk({"role": "assistant", "content": "", "reasoning": "hm"})
    end = chunk({"role": "assistant", "content": ""}, "stop")
    return speech.stream(thought, *said, *calls, end, *([replies.usage_chunk()] if counts else []))


def _ollama_error(status: int, message: str, kind: str) -> Reply:
    return told(status, {"error": {"message": message, "type": kind, "param": None, "code": None}})


def _ollama_check(fields: Fields, headers: Mapping[str, str]) -> Reply | None:
    return replies.error(400, "x", "invalid role: developer") if "developer" in roles(fields) else None


OLLAMA = Manners(
    slug="ollama",
    prefix="/v1",
    key="",
    model="llama3.2:3b",
    no_key=told(401, {"error": "unauthorized"}),
    whole=lambda case: replies.answer(speech.whole(case, choice={"finish_reason": "stop"}, system_fingerprint="fp_ollama")),
    stream=_ollama_stream,
    check=_ollama_check,
    pages={"/v1/models": listed("llama3.2:3b")},
    troubles=(
        Trouble(
            told(
                404,
                {"error": {"message": 'model "x" not found, try pulling it first', "type": "not_found_error", "param": None, "code": None}},
            ),
            "not_found",
        ),
        Trouble(told(404, {"error": 'model "x" not found, try pulling it first'}), "not_found"),
        Trouble(
            _ollama_error(500, "model requires more system memory than is available", "api_error"),
            "upstream",
        ),
        Trouble(told(503, {"error": "server busy, please try again.  maximum pending requests exceeded"}), "upstream"),
    ),
    late=speech.stream(
        *speech.chunks("text")[:3],
        {"error": {"message": "an error was encountered", "type": "api_error"}},
        done=False,
    ),
)


# --- Jina: DeepSearch, its thoughts and where it read, embeddings and reranking billed by tokens.
def _jina_stream(case: str, counts: bool) -> Reply:
    notes = [{"type": "url_citation", "url_citation": {"title": "t", "exactQuote": "q", "url": "https://a.test", "dateTime": ""}}]
    *said, last = speech.chunks(case)
    end = {**last, "choices": [{**last["choices"][0], "delta": {"content": "", "annotations": notes}}], "usage": replies.USAGE}
    return speech.stream(*said, {**end, "visitedURLs": ["https://a.test"], "readURLs": [], "numURLs": 1})


JINA = Manners(
    slug="jina",
    prefix="/v1",
    key="jina_0123456789",
    model="jina-deepsearch-v1",
    no_key=told(401, {"detail": "Invalid API key, please get a new one from https://jina.ai"}),
    whole=lambda case: replies.answer(speech.whole(case, visitedURLs=["https://a.test"], numURLs=1)),
    stream=_jina_stream,
    pages={"/v1/models": listed("jina-embeddings-v3")},
    troubles=(
        Trouble(told(402, {"detail": "Insufficient account balance. Please top up."}), "no_quota"),
        Trouble(told(422, {"detail": [{"type": "missing", "loc": ["body", "input"], "msg": "Field required"}]}), "bad_request"),
        Trouble(told(429, {"detail": "Rate limit exceeded"}), "rate_limited"),
    ),
    late=replies.cut_mid_stream(),
    operations={
        "/embeddings": lambda fields: replies.answer(
            {
                "model": fields["model"],
                "object": "list",
                "usage": {"total_tokens": 6, "prompt_tokens": 6},
                "data": [{"object": "embedding", "index": 0, "embedding": [0.5, 0.25]}],
            }
        ),
        "/rerank": lambda fields: replies.answer(
            {
                "model": fields["model"],
                "usage": {"total_tokens": 15},
                "results": [{"index": 1, "relevance_score": 0.9, "document": {"text": "b"}}, {"index": 0, "relevance_score": 0.1}],
            }
        ),
    },
)

ALL = (PERPLEXITY, CLOUDFLARE, OLLAMA, JINA)
