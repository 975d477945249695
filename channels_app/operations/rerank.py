"""POST /rerank: documents in the order of their relevance, billed by searches (100 documents each) or by tokens.

Inbound in the form of Cohere and Jina (documents as texts or objects with `text`). Sources: https://docs.cohere.com/reference/rerank,
https://api.jina.ai/redoc. A search unit is one query with up to 100 documents.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from channels_app import tokenizer
from channels_app.chat_usage import count
from channels_app.contract import Answer, Call, Failure, UpstreamHead, Usage
from channels_app.operations.base import BadCall, Bound, Operation, held_tokens, loaded, nothing, whole_number

_MOST_DOCUMENTS = 10_000
_DOCUMENTS_PER_SEARCH = 100


class Rerank(Operation):
    name = "rerank"
    path = "/rerank"
    is_either = True

    def understand(self, call: Call) -> Call:
        if not isinstance(call.fields.get("query"), str):
            raise BadCall("query must be a text.", field="query")
        documents(call)
        whole_number(call.fields, "top_n", default=1, most=_MOST_DOCUMENTS)
        return call

    def bound(self, call: Call) -> Bound:
        # The query is read again with each document.
        found = documents(call)
        tokens = sum(map(held_tokens, found)) + len(found) * held_tokens(call.fields["query"])
        return Bound({"input": tokens}, ((("searches",), _searches(call)),))

    def silent(self, call: Call) -> Usage:
        found = documents(call)
        query = tokenizer.count(call.fields["query"], model=call.model)
        tokens = sum(tokenizer.count(one, model=call.model) for one in found) + query * len(found)
        return Usage(input=tokens, units=(("searches", _searches(call)),), source="counted")

    def read(self, call: Call, head: UpstreamHead, body: bytes) -> Answer:
        payload = loaded(body)
        if isinstance(payload, Failure):
            return Answer(failure=payload)
        rows = payload.get("results", payload.get("data"))
        if not isinstance(rows, list) or not all(isinstance(row, dict) and isinstance(row.get("index"), int) for row in rows):
            return nothing(payload)
        results = sorted((_result(call, row) for row in rows), key=lambda row: -row["relevance_score"])
        usage = _usage(call, payload)
        whole = {name: value for name, value in payload.items() if name != "data"}
        whole |= {"model": call.model, "results": results}
        if usage is not None and usage.input and "usage" not in whole:
            whole["usage"] = {"prompt_tokens": usage.input, "total_tokens": usage.input}
        return Answer(body=orjson.dumps(whole), usage=usage, delivered=len(results))


def documents(call: Call) -> list[str]:
    """Return the documents as texts; raise BadCall."""
    given = call.fields.get("documents")
    if not isinstance(given, list) or not 1 <= len(given) <= _MOST_DOCUMENTS:
        raise BadCall(f"documents must be a list of 1 to {_MOST_DOCUMENTS} documents.", field="documents")
    found = [one.get("text") if isinstance(one, dict) else one for one in given]
    texts = [one for one in found if isinstance(one, str)]
    if len(texts) != len(found):
        raise BadCall("each document must be a text, or an object with a text.", field="documents")
    return texts


def _searches(call: Call) -> int:
    return -(-len(call.fields["documents"]) // _DOCUMENTS_PER_SEARCH)


def _result(call: Call, row: dict[str, Any]) -> dict[str, Any]:
    score = row.get("relevance_score", row.get("score"))
    result = {name: value for name, value in row.items() if name != "score"}
    result["relevance_score"] = score if isinstance(score, int | float) else 0.0
    if isinstance(result.get("document"), str):
        result["document"] = {"text": result["document"]}
    elif call.fields.get("return_documents") is True and not result.get("document") and 0 <= row["index"] < len(call.fields["documents"]):
        result["document"] = {"text": documents(call)[row["index"]]}
    return result


def _usage(call: Call, payload: Mapping[str, Any]) -> Usage | None:
    """Return what the vendor says: tokens (Jina), search units (Cohere), or both."""
    meta = payload["meta"] if isinstance(payload.get("meta"), dict) else {}
    units = meta["billed_units"] if isinstance(meta.get("billed_units"), dict) else {}
    usage = payload["usage"] if isinstance(payload.get("usage"), dict) else {}
    counted = meta["tokens"] if isinstance(meta.get("tokens"), dict) else {}
    tokens = count(usage.get("total_tokens")) or count(usage.get("prompt_tokens"))
    tokens = tokens or count(units.get("input_tokens")) or count(counted.get("input_tokens"))
    searches = count(units.get("search_units"))
    if not tokens and not searches:
        return None
    return Usage(input=tokens, units=(("searches", searches or _searches(call)),))
