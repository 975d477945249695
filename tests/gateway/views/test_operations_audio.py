"""Sound by the official SDK: spoken as bytes and as events, written down from forms, billed by seconds, letters or tokens."""

from __future__ import annotations

from typing import Any

import httpx
import openai
import pytest

from channels_app import channels
from tests.channels_app.test_sound import wav
from tests.doubles import replies
from tests.doubles.replies import Act, Reply, Step
from tests.doubles.upstream import Upstream
from tests.gateway.conftest import Caller, lines
from tests.gateway.live import LiveRelay
from tests.gateway.views.conftest import Offer

SECOND = 100_000_000  # 100 µ$
SRT = "1\n00:00:00,000 --> 00:00:02,000\nHello\n"


def sound(*steps: Step, kind: str = "audio/mpeg") -> Reply:
    return Reply(steps, content_type=kind, is_chunked=True)


def test_speech_is_streamed_as_bytes_and_billed_by_the_letter(
    offer: Offer, sdk: openai.OpenAI, relay: LiveRelay, upstream: Upstream
) -> None:
    offer("tts-1", units={"characters": 15_000_000})
    upstream.script(sound(b"ID3", b"\x00" * 1000, b"end"))

    with sdk.audio.speech.with_streaming_response.create(model="tts-1", voice="alloy", input="Hello 世界") as answer:
        data = answer.read()

    assert data == b"ID3" + b"\x00" * 1000 + b"end"
    assert answer.headers["content-type"] == "audio/mpeg"
    assert upstream.requests[0].fields == {"model": "up-tts-1", "voice": "alloy", "input": "Hello 世界"}
    line = lines(relay)[0]
    assert (line.usage, line.price, line.status, line.source) == ({"characters": 8}, 120, "ok", "counted")


def test_nothing_is_added_to_the_bytes_of_a_sound_not_even_a_heartbeat_or_a_receipt(
    offer: Offer, relay: LiveRelay, caller: Caller, upstream: Upstream
) -> None:
    offer("tts-1", units={"characters": 15_000_000})
    upstream.script(sound(b"RIFF", 0.2, b"WAVE", kind="application/octet-stream"))

    answer = relay.http.post(
        "/v1/audio/speech", headers=caller.headers, json={"model": "tts-1", "voice": "a", "input": "x", "response_format": "wav"}
    )

    assert (answer.content, answer.headers["content-type"]) == (b"RIFFWAVE", "audio/wav")


def test_a_sound_that_breaks_off_breaks_the_connection(offer: Offer, relay: LiveRelay, caller: Caller, upstream: Upstream) -> None:
    offer("tts-1", units={"characters": 15_000_000})
    upstream.script(sound(b"one", 0.2, b"two", 0.2, b"three", Act.CUT))

    with pytest.raises(httpx.RemoteProtocolError):
        relay.http.post("/v1/audio/speech", headers=caller.headers, json={"model": "tts-1", "voice": "a", "input": "xyz"})

    assert (lines(relay)[0].status, lines(relay)[0].usage) == ("partial", {"characters": 3})


@pytest.mark.parametrize("reply", [replies.error_in_200("server_error"), replies.html(200), sound(b"", kind="audio/mpeg")])
def test_an_error_in_place_of_a_sound_costs_nothing(
    offer: Offer, relay: LiveRelay, caller: Caller, upstream: Upstream, reply: Reply
) -> None:
    offer("tts-1", units={"characters": 15_000_000})
    upstream.on_model("up-tts-1", reply)

    answer = relay.http.post("/v1/audio/speech", headers=caller.headers, json={"model": "tts-1", "voice": "a", "input": "xyz"})

    assert (answer.status_code, answer.headers["content-type"]) == (502, "application/json")
    assert lines(relay) == []


def test_speech_as_events_tells_its_tokens(offer: Offer, relay: LiveRelay, caller: Caller, upstream: Upstream) -> None:
    offer("gpt-4o-mini-tts", input=600_000, audio_output=12_000_000)
    done = b'data: {"type":"speech.audio.done","usage":{"input_tokens":14,"output_tokens":101,"total_tokens":115}}\n\n'
    upstream.script(replies.raw_stream(b'data: {"type":"speech.audio.delta","audio":"AAAA"}\n\n', done))
    body = {"model": "gpt-4o-mini-tts", "voice": "a", "input": "Hello", "stream_format": "sse"}

    answer = relay.http.post("/v1/audio/speech", headers=caller.headers, json=body)

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert b"speech.audio.delta" in answer.content
    assert b"speech.audio.done" in answer.content
    assert b"[DONE]" not in answer.content
    # 14 × $0.60 + 101 × $12 a million
    assert (lines(relay)[0].usage, lines(relay)[0].price) == ({"input": 14, "audio_output": 101}, 1_221)


def transcribed(**others: Any) -> dict[str, Any]:
    return {"text": "Hello", **others}


@pytest.mark.parametrize(
    ("told", "seconds", "source"),
    [
        ({"usage": {"type": "duration", "seconds": 7}}, 7, "upstream"),
        ({"duration": 6.2}, 7, "upstream"),
        ({"duration": "6.2"}, 7, "upstream"),
        ({}, 3, "counted"),
    ],
)
def test_seconds_are_the_vendors_else_those_of_the_file(
    offer: Offer, sdk: openai.OpenAI, relay: LiveRelay, upstream: Upstream, told: dict[str, Any], seconds: int, source: str
) -> None:
    offer("whisper-1", units={"seconds": SECOND})
    upstream.script(replies.answer(transcribed(**told)))

    answer = sdk.audio.transcriptions.create(model="whisper-1", file=("a.wav", wav(2.5)), language="de")

    assert answer.text == "Hello"
    sent = upstream.requests[0]
    assert sent.path == "/v1/audio/transcriptions"
    assert wav(2.5) in sent.body
    assert b'name="model"\r\n\r\nup-whisper-1\r\n' in sent.body
    assert b'name="language"\r\n\r\nde\r\n' in sent.body
    assert (lines(relay)[0].usage, lines(relay)[0].price, lines(relay)[0].source) == ({"seconds": seconds}, seconds * 100, source)


@pytest.mark.parametrize(
    ("form", "kind", "body"), [("srt", "text/plain", SRT), ("vtt", "text/vtt", "WEBVTT\n\n" + SRT), ("text", "text/plain", "{Hello}\n")]
)
def test_texts_pass_untouched_and_are_billed_by_the_files_length(
    offer: Offer, relay: LiveRelay, caller: Caller, upstream: Upstream, form: str, kind: str, body: str
) -> None:
    offer("whisper-1", units={"seconds": SECOND})
    upstream.script(Reply((body.encode(),), content_type="text/plain; charset=utf-8"))

    answer = relay.http.post(
        "/v1/audio/transcriptions",
        headers=caller.headers,
        data={"model": "whisper-1", "response_format": form},
        files={"file": ("a.wav", wav(4))},
    )

    assert (answer.text, answer.headers["content-type"]) == (body, f"{kind}; charset=utf-8")
    assert (lines(relay)[0].usage, lines(relay)[0].price) == ({"seconds": 4}, 400)


def test_a_file_that_does_not_tell_its_length_is_estimated(offer: Offer, relay: LiveRelay, caller: Caller, upstream: Upstream) -> None:
    offer("whisper-1", units={"seconds": SECOND})
    upstream.script(Reply((b"Hello",), content_type="text/plain"))
    form = {"model": "whisper-1", "response_format": "text"}

    relay.http.post("/v1/audio/transcriptions", headers=caller.headers, data=form, files={"file": ("a.bin", b"x" * 40_000)})

    assert (lines(relay)[0].usage, lines(relay)[0].source) == ({"seconds": 10}, "estimated")


def test_transcription_tokens_are_billed_by_what_was_heard_read_and_written(
    offer: Offer, sdk: openai.OpenAI, relay: LiveRelay, upstream: Upstream
) -> None:
    offer("gpt-4o-transcribe", input=2_500_000, audio_input=6_000_000, output=10_000_000)
    details = {"audio_tokens": 30, "text_tokens": 4}
    usage = {"type": "tokens", "input_tokens": 34, "output_tokens": 5, "total_tokens": 39, "input_token_details": details}
    upstream.script(replies.answer(transcribed(usage=usage)))

    sdk.audio.transcriptions.create(model="gpt-4o-transcribe", file=("a.wav", wav(1)))

    # 4 × $2.50 + 30 × $6 + 5 × $10 a million
    assert (lines(relay)[0].usage, lines(relay)[0].price) == ({"input": 4, "audio_input": 30, "output": 5}, 240)


def test_a_transcription_is_streamed(offer: Offer, sdk: openai.OpenAI, relay: LiveRelay, upstream: Upstream) -> None:
    offer("gpt-4o-transcribe", input=2_500_000, audio_input=6_000_000, output=10_000_000)
    upstream.script(
        replies.raw_stream(
            b'data: {"type":"transcript.text.delta","delta":"Hel"}\n\n',
            b'data: {"type":"transcript.text.done","text":"Hello","usage":{"type":"tokens","input_tokens":30,"output_tokens":5,'
            b'"total_tokens":35,"input_token_details":{"audio_tokens":30,"text_tokens":0}}}\n\n',
        )
    )

    events = list(sdk.audio.transcriptions.create(model="gpt-4o-transcribe", file=("a.wav", wav(1)), stream=True))

    assert [event.type for event in events] == ["transcript.text.delta", "transcript.text.done"]
    assert (lines(relay)[0].usage, lines(relay)[0].status) == ({"audio_input": 30, "output": 5}, "ok")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_translations_have_an_address_of_their_own(offer: Offer, sdk: openai.OpenAI, relay: LiveRelay, upstream: Upstream) -> None:
    offer("whisper-1", units={"seconds": SECOND})
    upstream.script(replies.answer(transcribed()))

    assert sdk.audio.translations.create(model="whisper-1", file=("a.wav", wav(1))).text == "Hello"
    assert upstream.requests[0].path == "/v1/audio/translations"


def test_a_file_larger_than_a_mebibyte_fails_over_and_arrives_whole(
    offer: Offer, sdk: openai.OpenAI, relay: LiveRelay, upstream: Upstream
) -> None:
    offer("whisper-1", units={"seconds": SECOND})
    channels.add(name="other", provider="openai", base_url=upstream.url, key="sk-o", models={"whisper-1": "up-other"})
    data = wav(100)
    upstream.script(replies.error(500, "server_error"), replies.answer(transcribed()))

    sdk.audio.transcriptions.create(model="whisper-1", file=("a.wav", data))

    assert [data in request.body for request in upstream.requests] == [True, True]
    assert {request.body.count(b"\r\n\r\nup-other\r\n") for request in upstream.requests} == {0, 1}
    assert (lines(relay)[0].usage, len(lines(relay)[0].tried)) == ({"seconds": 100}, 1)


@pytest.mark.parametrize(
    ("form", "files", "param"),
    [
        ({"model": "whisper-1"}, {"other": ("a", b"x")}, "file"),
        ({"model": "whisper-1"}, {"file": ("a", b"")}, "file"),
        ({"model": "whisper-1", "response_format": "docx"}, {"file": ("a", b"x")}, "response_format"),
        ({}, {"file": ("a", b"x")}, "model"),
    ],
)
def test_a_form_that_cannot_be_one_names_the_field(
    offer: Offer, relay: LiveRelay, caller: Caller, form: dict[str, str], files: dict[str, Any], param: str
) -> None:
    offer("whisper-1", units={"seconds": SECOND})

    answer = relay.http.post("/v1/audio/transcriptions", headers=caller.headers, data=form, files=files)

    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_a_broken_form_is_a_400_and_a_missing_one_names_the_file(offer: Offer, relay: LiveRelay, caller: Caller) -> None:
    headers = {**caller.headers, "content-type": "multipart/form-data; boundary=B"}

    broken = relay.http.post("/v1/audio/transcriptions", headers=headers, content=b"--B\r\n")
    missing = relay.http.post("/v1/audio/transcriptions", headers=caller.headers, json={"model": "whisper-1"})

    assert (broken.status_code, broken.json()["error"]["code"]) == (400, "invalid_form")
    assert (missing.status_code, missing.json()["error"]["param"]) == (400, "file")
