"""OpenAI's older text completions, as clients speak them: a prompt in, its continuation out, by any vendor that chats.

Source: https://platform.openai.com/docs/api-reference/completions. What only a completion can say is Unexpressible in a chat.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from channels_app import lenient
from channels_app.chat_render import DONE
from channels_app.chat_writer import envelope, usage_of
from channels_app.contract import Call, Usage
from channels_app.deltas import Comment, Consumed, Delta, Finish, Logprobs, Reasoning, Text
from channels_app.faces import Client, Heard, Problem, Unexpressible
from channels_app.text_completions import NAME, only_native

_OBJECT = "text_completion"
# A chat has no words for these, or other ones.
_LEFT_OUT = frozenset({"prompt", "echo", "suffix", "logprobs", "best_of"})


class CompletionsClient(Client):
    """Clients speak text completions."""

    name = NAME

    def hear(self, heard: Heard) -> Call:
        fields = heard.fields
        model = heard.model or fields.get("model")
        if not isinstance(model, str) or not model.strip():
            raise Unexpressible("model must be the name of a model.", field="model")
        if not isinstance(fields.get("prompt"), str | list) or not fields["prompt"]:
            raise Unexpressible("prompt must be a text, a list of texts, or tokens.", field="prompt")
        for name in ("max_tokens", "n"):
            if fields.get(name) is not None and (type(fields[name]) is not int or fields[name] < 1):
                raise Unexpressible(f"{name} must be a positive whole number.", field=name)
        options = fields.get("stream_options")
        return Call(
            operation="chat",
            dialect=NAME,
            model=model.strip(),
            body=heard.body,
            fields=fields,
            is_stream=fields.get("stream") is True,
            wants_usage=isinstance(options, dict) and options.get("include_usage") is True,
            understand=self.understand,
        )

    def understand(self, call: Call) -> Mapping[str, Any]:
        """Return a chat of one message: the prompt."""
        name = only_native(call.fields)
        if name:
            raise Unexpressible(f"{name} can be asked of models that complete texts only; this one chats.", field=name)
        prompt = call.fields["prompt"]
        text = prompt if isinstance(prompt, str) else prompt[0]
        rest = {name: value for name, value in call.fields.items() if name not in _LEFT_OUT}
        return {**rest, "messages": [{"role": "user", "content": text}]}

    def output_limit(self, call: Call) -> int | None:
        limit = call.fields.get("max_tokens")
        return limit if isinstance(limit, int) else None

    def limited(self, call: Call, tokens: int) -> Mapping[str, Any]:
        return {**call.fields, "max_tokens": tokens}

    def choices(self, call: Call) -> int:
        """Return the number of answers: to each prompt as many as are made at all (`best_of` are paid for)."""
        prompt = call.fields["prompt"]
        prompts = len(prompt) if isinstance(prompt, list) and not all(type(one) is int for one in prompt) else 1
        counts = [value for value in (call.fields.get("n"), call.fields.get("best_of")) if type(value) is int and value > 0]
        return prompts * max(counts, default=1)

    def writer(self, call: Call, *, request_id: str, created: int) -> _Writer:
        return _Writer({"id": f"cmpl-{request_id}", "object": _OBJECT, "created": created, "model": call.model}, call.wants_usage)

    def whole(self, call: Call, deltas: Sequence[Delta], *, request_id: str, created: int) -> bytes:
        usage = next((delta.usage for delta in reversed(deltas) if isinstance(delta, Consumed)), None)
        indexes = sorted({delta.choice for delta in deltas if isinstance(delta, Text | Finish)}) or [0]
        choices = [_whole_choice(index, deltas) for index in indexes]
        made = {"id": f"cmpl-{request_id}", "object": _OBJECT, "created": created, "model": call.model, "choices": choices}
        return lenient.dumps(made if usage is None else {**made, "usage": usage_of(usage)})

    def problem(self, problem: Problem) -> bytes:
        return envelope(problem)

    def problem_frames(self, problem: Problem, *, form: str, has_begun: bool) -> bytes:
        """Return an error frame, then the end mark."""
        return b"data: " + envelope(problem) + b"\n\n" + DONE


@dataclass(slots=True)
class _Writer:
    """Writes one stream of completions; what a model thought is no part of a text."""

    head: dict[str, Any]
    wants_usage: bool
    usage: Usage | None = None
    finishes: dict[int, str] = field(default_factory=dict)

    def write(self, delta: Delta) -> bytes:
        """Return the frames for a delta."""
        match delta:
            case Text(text, choice):
                return self._chunk(choice, text)
            case Logprobs(value, choice):
                return self._chunk(choice, "", logprobs=value)
            case Consumed(usage):
                self.usage = usage
            case Finish():
                self.finishes[delta.choice] = delta.reason
            case Comment() | Reasoning():
                return b": upstream is at work\n\n"
        return b""

    def close(self) -> tuple[bytes, bytes]:
        """Return the finish reasons and the usage; then the end mark."""
        last = [self._chunk(choice, "", finish_reason=_reason(reason)) for choice, reason in sorted(self.finishes.items())]
        if self.usage is not None and self.wants_usage:
            last.append(_event({**self.head, "choices": [], "usage": usage_of(self.usage)}))
        return b"".join(last), DONE

    def _chunk(self, choice: int, text: str, **rest: Any) -> bytes:
        shown = {"text": text, "index": choice, "logprobs": None, "finish_reason": None, **rest}
        return _event({**self.head, "choices": [shown], **({"usage": None} if self.wants_usage else {})})


def _whole_choice(index: int, deltas: Sequence[Delta]) -> dict[str, Any]:
    text = "".join(delta.text for delta in deltas if isinstance(delta, Text) and delta.choice == index)
    reason = next((delta.reason for delta in deltas if isinstance(delta, Finish) and delta.choice == index), "stop")
    logprobs = next((delta.value for delta in deltas if isinstance(delta, Logprobs) and delta.choice == index), None)
    return {"text": text, "index": index, "logprobs": logprobs, "finish_reason": _reason(reason)}


def _reason(reason: str) -> str:
    return reason if reason in {"stop", "length", "content_filter"} else "stop"


def _event(value: Mapping[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(value) + b"\n\n"


CLIENT = CompletionsClient()
