"""In which protocol an address is answered where no call says it: refusals, unknown addresses, lists of models."""

from __future__ import annotations

from collections.abc import Callable

_ACTIONS = frozenset({"generateContent", "streamGenerateContent", "countTokens", "embedContent", "batchEmbedContents"})


def spoken(path: str, header: Callable[[str], str], query: str = "") -> str:
    """Return the protocol's name; `header` gives a request header by its name in lower case, or an empty text."""
    if path.startswith("/v1/messages"):
        return "anthropic"
    if path.startswith(("/v1/responses", "/openai/v1/responses", "/openai/responses")):
        return "responses"
    if path.startswith("/v1beta/"):
        return "openai" if path.startswith("/v1beta/openai/") else "gemini"
    if path.startswith("/ws/google."):
        return "gemini"
    if path.startswith("/v1/models"):
        return _of_models(path, header, query)
    return "openai"


def _of_models(path: str, header: Callable[[str], str], query: str) -> str:
    """Three protocols have this address: the action after a colon, the version's header and the kind of key tell them apart."""
    if action_of(path) is not None:
        return "gemini"
    if header("anthropic-version"):
        return "anthropic"
    is_google = header("x-goog-api-key") or header("x-goog-api-client") or any(pair.startswith("key=") for pair in query.split("&"))
    return "gemini" if is_google else "openai"


def action_of(path: str) -> tuple[str, str] | None:
    """Return the model and the action of `…/models/{model}:{action}`; None for an address without an action of Gemini's."""
    _, found, rest = path.partition("/models/")
    model, colon, action = rest.rpartition(":")
    return (model, action) if found and colon and model and action in _ACTIONS else None
