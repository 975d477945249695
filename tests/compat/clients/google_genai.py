"""The official Google Gen AI SDK for Python, on both versions of the address."""

from __future__ import annotations

from google import genai
from google.genai import errors, types
from report import BASE, KEY, MODEL, TAP, TEXT, WEATHER, refusals, same, tried

DECLARED = types.Tool(function_declarations=[types.FunctionDeclaration(name="get_weather", parameters_json_schema=WEATHER)])
TOOLS = types.GenerateContentConfig(tools=[DECLARED])


def client(version: str, key: str = KEY, base: str = BASE) -> genai.Client:
    return genai.Client(api_key=key, http_options=types.HttpOptions(base_url=base, api_version=version))


def text(version: str) -> None:
    own = client(version)
    answer = own.models.generate_content(model=MODEL, contents="hello")
    same((answer.text, answer.usage_metadata.prompt_token_count, answer.usage_metadata.candidates_token_count), (TEXT, 12, 4))


def stream(version: str) -> None:
    own = client(version)
    parts = list(own.models.generate_content_stream(model=MODEL, contents="hello"))
    same(("".join(part.text or "" for part in parts), parts[-1].usage_metadata.total_token_count), (TEXT, 16))


def tools(version: str) -> None:
    own = client(version)
    said = own.models.generate_content(model=MODEL, contents="hello", config=TOOLS)
    (call,) = said.function_calls
    same((call.name, call.args), ("get_weather", {"city": "Paris"}))
    result = types.Part.from_function_response(name=call.name, response={"result": "18 degrees"})
    history = [types.UserContent("hello"), said.candidates[0].content, types.Content(role="user", parts=[result])]
    same(own.models.generate_content(model=MODEL, contents=history, config=TOOLS).text, TEXT)


def tools_streamed(version: str) -> None:
    own = client(version)
    parts = own.models.generate_content_stream(model=MODEL, contents="hello", config=TOOLS)
    same([(call.name, call.args) for part in parts for call in part.function_calls or ()], [("get_weather", {"city": "Paris"})])


def vectors(version: str) -> None:
    own = client(version)
    same([one.values for one in own.models.embed_content(model=MODEL, contents=["a", "b"]).embeddings], [[0.25, -0.5, 1.0]] * 2)


def count(version: str) -> None:
    own = client(version)
    same(own.models.count_tokens(model=MODEL, contents="hello").total_tokens > 0, True)


def models(version: str) -> None:
    own = client(version)
    same(f"models/{MODEL}" in {model.name for model in own.models.list()}, True)
    same(own.models.get(model=MODEL).name, f"models/{MODEL}")


def refused(key: str, model: str) -> object:
    own = client("v1beta", key, TAP)
    return own.models.generate_content(model=model, contents="hello")


def told(error: errors.APIError) -> tuple[int, str, bool]:
    """Google's envelope has a status; our code stands among the details."""
    details = error.details["error"].get("details") or [{}]
    return error.code, details[0].get("reason", "").lower(), bool(error.message and error.status)


for name in ("v1", "v1beta"):
    tried("text", lambda name=name: text(name), case=name)
    tried("stream", lambda name=name: stream(name), case=name)
    tried("tools", lambda name=name: tools(name), calls=2, case=name)
    tried("tools streamed", lambda name=name: tools_streamed(name), case=name)
    tried("embeddings", lambda name=name: vectors(name), case=name)
    tried("count tokens", lambda name=name: count(name), calls=0, case=name)
    tried("models", lambda name=name: models(name), calls=0, case=name)
refusals(
    "refusals", refused, errors.APIError, told,
    upstream_500=(502, "upstream_unavailable", 1), upstream_429=(502, "upstream_unavailable", 1),
)  # fmt: skip
