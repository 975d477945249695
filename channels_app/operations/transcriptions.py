"""POST /audio/transcriptions and /audio/translations: sound to text, billed by seconds or by tokens.

Source: https://platform.openai.com/docs/api-reference/audio. JSON answers tell their usage (`duration` or tokens), verbose ones the
duration; text, srt and vtt tell nothing and pass untouched: then the length measured from the file counts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from channels_app import sound
from channels_app.chat_usage import read_usage
from channels_app.contract import Answer, Call, Failure, FailureKind, UpstreamHead, Usage
from channels_app.operations.base import BadCall, Bound, Operation, loaded, nothing
from channels_app.operations.passage import EventPassage

_TEXTS = {"text": "text/plain; charset=utf-8", "srt": "text/plain; charset=utf-8", "vtt": "text/vtt; charset=utf-8"}
_JSONS = frozenset({"json", "verbose_json", "diarized_json"})
# Speech is 10 to 32 tokens a second by vendor, and hardly more than ten tokens of text.
_TOKENS_HEARD, _TOKENS_WRITTEN = 32, 10


class Transcriptions(Operation):
    name = "transcriptions"
    path = "/audio/transcriptions"
    streams = True
    is_either = True

    def understand(self, call: Call) -> Call:
        """Check the form and measure the file; may read it from the disk: blocking."""
        files = call.upload.files("file") if call.upload is not None else []
        if call.upload is None or len(files) != 1 or not files[0].size:
            raise BadCall("file must be one sound file, in a multipart form.", field="file")
        form = call.fields.get("response_format") or "json"
        if form not in _JSONS and form not in _TEXTS:
            raise BadCall(f"response_format must be one of {', '.join([*sorted(_JSONS), *_TEXTS])}.", field="response_format")
        with call.upload.open(files[0]) as file:
            seconds = sound.seconds(file, size=files[0].size)
        measures = {"bytes": files[0].size} if seconds is None else {"bytes": files[0].size, "seconds": seconds}
        return replace(call, is_stream=call.is_stream and form in _JSONS, measures=measures)

    def fixed(self, call: Call, upstream_model: str) -> dict[str, str]:
        return {"model": upstream_model, **{name: str(call.fields[name]) for name in ("response_format", "stream") if name in call.fields}}

    def bound(self, call: Call) -> Bound:
        seconds = call.measures.get("seconds") or sound.most_seconds(call.measures["bytes"])
        return Bound({"audio_input": seconds * _TOKENS_HEARD, "output": seconds * _TOKENS_WRITTEN}, ((("seconds",), seconds),))

    def silent(self, call: Call) -> Usage:
        """Return the length measured from the file, or guessed from its size."""
        seconds = call.measures.get("seconds") or sound.usual_seconds(call.measures["bytes"])
        source = "counted" if "seconds" in call.measures else "estimated"
        tokens = {"audio_input": seconds * 10, "output": seconds * 4}
        return Usage(**tokens, units=(("seconds", seconds),), source=source)

    def read(self, call: Call, head: UpstreamHead, body: bytes) -> Answer:
        form = call.fields.get("response_format") or "json"
        if form in _TEXTS:
            return self._text(call, head, body, _TEXTS[form])
        payload = loaded(body)
        if isinstance(payload, Failure):
            return Answer(failure=payload)
        if not isinstance(payload.get("text"), str):
            return nothing(payload)
        return Answer(body=body, usage=_usage(call, payload), delivered=len(payload["text"]))

    def reader(self, call: Call, head: UpstreamHead) -> EventPassage:
        return EventPassage(last=("transcript.text.done",), usage=lambda events: _usage(call, events[-1]) if events else None)

    def _text(self, call: Call, head: UpstreamHead, body: bytes, kind: str) -> Answer:
        if head.content_type == "application/json" and body.lstrip().startswith(b"{"):
            payload = loaded(body)
            if isinstance(payload, Failure):
                return Answer(failure=payload)
        if body.lstrip()[:1] == b"<":
            return Answer(failure=Failure(FailureKind.UPSTREAM, "upstream returned HTML"))
        return Answer(body=body, content_type=kind, usage=None, delivered=len(body))


class Translations(Transcriptions):
    name = "translations"
    path = "/audio/translations"


def _usage(call: Call, payload: Mapping[str, Any]) -> Usage | None:
    """Return what the vendor tells: tokens and the seconds of the file, or the seconds alone; None when it tells nothing."""
    raw = payload.get("usage")
    raw = raw if isinstance(raw, dict) else {}
    told = raw.get("seconds", payload.get("duration"))
    seconds = _seconds(told) or call.measures.get("seconds")
    units = (("seconds", seconds),) if seconds else ()
    if raw.get("type") == "tokens" or "input_tokens" in raw:
        details = raw.get("input_token_details")
        found = read_usage({**raw, "input_tokens_details": details} if isinstance(details, dict) else raw)
        if found is not None:
            heard = found.audio_input or (found.input if not isinstance(details, dict) else 0)
            return Usage(
                input=found.input if found.audio_input or heard == 0 else 0, audio_input=heard, output=found.total_output, units=units
            )
    return Usage(units=units) if _seconds(told) else None


def _seconds(value: object) -> int:
    """Return a duration in whole seconds, rounded up; some vendors write it as text."""
    try:
        number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else 0.0
    except ValueError:
        return 0
    return math.ceil(number) if math.isfinite(number) and 0 < number < 1e7 else 0
