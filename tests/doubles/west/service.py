"""A scripted vendor that speaks nearly like OpenAI: its address, key, refusals, answers and defects are a row of `manners`.

It refuses what the real one refuses before it answers, streamed or whole, text or a tool call as the request has it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.doubles import replies
from tests.doubles.replies import Reply
from tests.doubles.upstream import Received, Upstream

Fields = Mapping[str, Any]
CITY = {"city": "Paris"}
TOOL = {
    "type": "function",
    "function": {"name": "weather", "description": "d", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}
TEXT_CASE, TOOL_CASE = "text", "tool"


@dataclass(frozen=True)
class Trouble:
    """An error of the vendor's, and the kind of failure that it is."""

    reply: Reply
    kind: str


@dataclass(frozen=True)
class Manners:
    """What is peculiar to one vendor.

    `whole` and `stream` answer by case (`text` or `tool`) and whether usage was asked for; `check` refuses fields; `pages` are
    answers to GET by path, a callable gets the request; `usage` is what the relay must read; `cost` in µ$ what it must note.
    """

    slug: str
    prefix: str
    key: str
    model: str
    no_key: Reply
    whole: Callable[[str], Reply]
    stream: Callable[[str, bool], Reply]
    check: Callable[[Fields, Mapping[str, str]], Reply | None] = lambda fields, headers: None
    pages: Mapping[str, Any] = field(default_factory=dict)
    troubles: tuple[Trouble, ...] = ()
    late: Reply | None = None  # a stream that breaks inside
    usage: tuple[int, int] = (12, 4)
    cost: int | None = None
    stream_cost: int | None = None
    counts_streams: bool = True
    options: Mapping[str, str] = field(default_factory=dict)
    operations: Mapping[str, Callable[[Fields], Reply]] = field(default_factory=dict)


class Service(Upstream):
    """One vendor of the table."""

    def __init__(self, manners: Manners) -> None:
        super().__init__()
        self.manners = manners

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.manners.prefix}"

    def reply_to(self, request: Received) -> Reply:
        manners, path = self.manners, request.path.partition("?")[0]
        if path in manners.pages:
            page = manners.pages[path]
            return page(request) if callable(page) else self._keyed(request) or replies.answer(page)
        refusal = self._keyed(request) or self._misplaced(request, path) or manners.check(request.fields, request.headers)
        if refusal is not None:
            return refusal
        operation = manners.operations.get(path.removeprefix(manners.prefix))
        return self.next_reply() or (operation(request.fields) if operation else self._chat(request.fields))

    def _keyed(self, request: Received) -> Reply | None:
        wanted = f"Bearer {self.manners.key}" if self.manners.key else None
        return None if request.headers.get("authorization") == wanted else self.manners.no_key

    def _misplaced(self, request: Received, path: str) -> Reply | None:
        known = {f"{self.manners.prefix}{one}" for one in ("/chat/completions", *self.manners.operations)}
        return None if path in known and request.method == "POST" else replies.html(404)

    def _chat(self, fields: Fields) -> Reply:
        case = TOOL_CASE if fields.get("tools") and fields["messages"][-1]["role"] != "tool" else TEXT_CASE
        if not fields.get("stream"):
            return self.manners.whole(case)
        return self.manners.stream(case, bool((fields.get("stream_options") or {}).get("include_usage")))


def refuse(fields: Fields, *names: str) -> str:
    """Return the first of these fields that is in the request; `messages.name` looks into the messages; empty where none is."""
    for name in names:
        member = name.removeprefix("messages.")
        if name in fields or (member != name and any(member in message for message in fields["messages"])):
            return name
    return ""


def roles(fields: Fields) -> set[str]:
    """Return who speaks in the messages."""
    return {message["role"] for message in fields["messages"]}
