"""How a client's script tells what it tried: one JSON line for each feature, or for each case of one."""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Callable

BASE, KEY, MODEL, TEXT, TAP, COLUMN = (os.environ[f"COMPAT_{name}"] for name in ("BASE", "KEY", "MODEL", "TEXT", "TAP", "COLUMN"))
KEYS, CASES = json.loads(os.environ["COMPAT_KEYS"]), json.loads(os.environ["COMPAT_CASES"])
WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
# A refusal: whose key asks for which model, and with which status and code it is refused after how many requests.
REFUSALS = {
    "quota": (KEYS["poor"], MODEL, 429, "insufficient_quota", 1),
    "bad key": (KEYS["bad"], MODEL, 401, "invalid_api_key", 1),
    "disabled key": (KEYS["paused"], MODEL, 403, "key_disabled", 1),
    "model not allowed": (KEYS["narrow"], MODEL, 403, "model_not_allowed", 1),
    "upstream 500": (KEY, f"compat-{COLUMN}-upstream-500", 502, "upstream_unavailable", 3),
    "upstream 429": (KEY, f"compat-{COLUMN}-upstream-429", 502, "upstream_unavailable", 3),
}


def tried(feature: str, act: Callable[[], object], *, calls: int = 1, case: str = "") -> None:
    """Run a feature that makes so many upstream calls; an AssertionError or any exception is its failure."""
    try:
        act()
    except Exception as error:  # whatever a client raises is what we want to know
        told = f"{type(error).__name__}: {error}".replace("\n", " ")[:300]
        print(json.dumps({"feature": feature, "ok": False, "calls": calls, "told": told, "case": case}), flush=True)
    else:
        print(json.dumps({"feature": feature, "ok": True, "calls": calls, "told": "", "case": case}), flush=True)


def same(found: object, wanted: object) -> None:
    """Compare exactly."""
    if found != wanted:
        raise AssertionError(f"{found!r} instead of {wanted!r}")


def streams(
    feature: str, read: Callable[[str], tuple[str, list[tuple[str, str, str]], str, int | None]], *, beside: tuple[str, ...] = ()
) -> None:
    """Give a client every defective stream (`beside` some): it reads a model's into text, tool calls, finish reason and tokens in all."""
    for case in (case for case in CASES["streams"] if case["name"] not in beside):
        tried(feature, lambda case=case: _as_sent(case, read(case["model"])), case=case["name"])


def _as_sent(case: dict[str, object], found: tuple[str, list[tuple[str, str, str]], str, int | None]) -> None:
    text, tools, finish, tokens = found
    text = text.encode("utf-16", "surrogatepass").decode("utf-16")  # halves of one character come in two chunks
    same((text, [list(tool) for tool in tools], finish), (case["text"], case["tools"], case["finish"]))
    if case["usage"]:
        same(tokens, 16)


def failures(feature: str, read: Callable[[str], object], kind: type[Exception], cases: str = "failures") -> None:
    """Give a client every stream that ends in an error: it must raise one of its own kind."""
    for case in CASES[cases]:
        if not case.get("answer"):
            tried(feature, lambda case=case: raised(lambda: read(f"compat-{COLUMN}-{case['model']}"), kind), case=case["name"])


def raised(act: Callable[[], object], kind: type[Exception]) -> Exception:
    """Return the error of a kind that something must raise."""
    try:
        found = act()
    except kind as error:
        return error
    raise AssertionError(f"{found!r} instead of a {kind.__name__}")


def requests() -> int:
    """Return how many requests went through the tap since this was asked last."""
    with urllib.request.urlopen(f"{TAP}/__count") as answer:  # the suite's own
        return int(answer.read())


def refusals(
    feature: str,
    ask: Callable[[str, str], object],
    kind: type[Exception],
    told: Callable[[Exception], tuple[int, str, bool]],
    **otherwise: tuple[int, str, int],
) -> None:
    """Let a client with its usual retries be refused.

    `told` reads status, code and whether there are a message and a request's id; a dialect may say a refusal `otherwise`.
    """
    for name, (key, model, *usual) in REFUSALS.items():
        status, code, times = otherwise.get(name.replace(" ", "_"), usual)

        def act(key: str = key, model: str = model, wanted: tuple[object, ...] = (status, code, True, times)) -> None:
            requests()
            error = raised(lambda: ask(key, model), kind)
            same((*told(error), requests()), wanted)

        tried(feature, act, calls=times if name.startswith("upstream") else 0, case=name)
