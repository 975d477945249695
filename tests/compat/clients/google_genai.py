"""The official Google Gen AI SDK for Python, on both versions of the address."""

from __future__ import annotations

from google import genai
from google.genai import errors, types
from report import BASE, KEY, MODEL, TEXT, same, tried


def client(version: str, key: str = KEY) -> genai.Client:
    return genai.Client(api_key=key, http_options=types.HttpOptions(base_url=BASE, api_version=version))


def text(version: str) -> None:
    own = client(version)
    answer = own.models.generate_content(model=MODEL, contents="hello")
    same((answer.text, answer.usage_metadata.prompt_token_count, answer.usage_metadata.candidates_token_count), (TEXT, 12, 4))


def stream(version: str) -> None:
    own = client(version)
    parts = own.models.generate_content_stream(model=MODEL, contents="hello")
    same("".join(part.text or "" for part in parts), TEXT)


def bad_key() -> None:
    stranger = client("v1beta", "sk-nobody")
    try:
        stranger.models.generate_content(model=MODEL, contents="hello")
    except errors.ClientError as error:
        same(error.code, 401)
    else:
        raise AssertionError("a stranger was let in")


tried("text", lambda: text("v1"))
tried("text (v1beta)", lambda: text("v1beta"))
tried("stream", lambda: stream("v1beta"))
tried("bad key", bad_key, calls=0)
