"""POST /audio/speech: a text spoken, answered by bytes of sound as they come, billed by characters or by tokens.

Source: https://platform.openai.com/docs/api-reference/audio/createSpeech. With bytes no vendor tells a usage; with events
(`stream_format: sse`) the last one does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from channels_app import tokenizer
from channels_app.chat_usage import read_usage
from channels_app.contract import Call, StreamReader, UpstreamHead, Usage
from channels_app.operations.base import BadCall, Bound, Operation, held_tokens
from channels_app.operations.passage import BytesPassage, EventPassage

TYPES = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}
_LONGEST_TEXT = 100_000
# People speak about 15 letters a second, vendors write about 21 tokens a second of speech; ideographs take three times as long.
_AUDIO_TOKENS_PER_LETTER = 1.4
_AUDIO_TOKENS_PER_IDEOGRAPH = 6


class Speech(Operation):
    name = "speech"
    path = "/audio/speech"
    is_either = True

    def understand(self, call: Call) -> Call:
        text = call.fields.get("input")
        if not isinstance(text, str) or not text or len(text) > _LONGEST_TEXT:
            raise BadCall(f"input must be a text of at most {_LONGEST_TEXT} characters.", field="input")
        form = call.fields.get("response_format", "mp3") or "mp3"
        if form not in TYPES:
            raise BadCall(f"response_format must be one of {', '.join(TYPES)}.", field="response_format")
        if call.fields.get("stream_format") not in {None, "audio", "sse"}:
            raise BadCall("stream_format must be audio or sse.", field="stream_format")
        return replace(call, is_stream=True, binary="" if call.fields.get("stream_format") == "sse" else TYPES[form])

    def bound(self, call: Call) -> Bound:
        text = call.fields["input"]
        tokens = {"input": held_tokens(text + str(call.fields.get("instructions", ""))), "audio_output": 2 * _audio_tokens(text) + 100}
        return Bound(tokens, ((("characters",), len(text)),))

    def silent(self, call: Call) -> Usage:
        """Count the characters, and for prices by the token what is read and, by its length, what is spoken."""
        text = call.fields["input"]
        read = tokenizer.count(text + str(call.fields.get("instructions", "")), model=call.model)
        return Usage(input=read, audio_output=_audio_tokens(text), units=(("characters", len(text)),), source="counted")

    def reader(self, call: Call, head: UpstreamHead) -> StreamReader:
        if call.binary:
            return BytesPassage(head)
        return EventPassage(last=("speech.audio.done",), usage=lambda events: _usage(call, events))


def _usage(call: Call, events: Sequence[Mapping[str, Any]]) -> Usage | None:
    told = read_usage(events[-1].get("usage")) if events else None
    units = (("characters", len(call.fields["input"])),)
    return None if told is None else Usage(input=told.total_input, audio_output=told.total_output, units=units)


def _audio_tokens(text: str) -> int:
    wide = sum(letter >= "\u2e80" for letter in text)
    return int((len(text) - wide) * _AUDIO_TOKENS_PER_LETTER + wide * _AUDIO_TOKENS_PER_IDEOGRAPH) + 1
