"""How long sounds last, by files made here."""

from __future__ import annotations

import io
import wave

import pytest

from channels_app import sound


def wav(seconds: float, rate: int = 16_000) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(b"\0\0" * int(rate * seconds))
    return out.getvalue()


def webm(*cluster_ms: int, filler: int = 2_000) -> bytes:
    """A recording as browsers make it: no duration, clusters with their times."""
    head = b"\x1a\x45\xdf\xa3\x80" + b"\x2a\xd7\xb1\x83" + (1_000_000).to_bytes(3, "big")
    clusters = [b"\x1f\x43\xb6\x75\x01\xff\xff\xff\xff\xff\xff\xff\xe7\x84" + ms.to_bytes(4, "big") + b"\xa3" * filler for ms in cluster_ms]
    return head + b"".join(clusters)


def seconds(data: bytes) -> int | None:
    return sound.seconds(io.BytesIO(data), size=len(data))


@pytest.mark.parametrize(("length", "expected"), [(3.0, 3), (3.01, 4), (0.1, 1)])
def test_a_wave_file_is_measured_and_rounded_up(length: float, expected: int) -> None:
    assert seconds(wav(length)) == expected


def test_a_browsers_recording_without_a_duration_is_measured_by_its_last_cluster() -> None:
    assert seconds(webm(0, 1_000, 2_000, 3_000, 4_000)) == 5


@pytest.mark.parametrize("junk", [b"", b"garbage", b"OggS" + b"\0" * 30, b"RIFF\xff\xff\xff\xffWAVEfmt \0\0\0\0", b"\x1a\x45\xdf\xa3\x80"])
def test_files_that_do_not_tell_are_nothing_to_fall_over(junk: bytes) -> None:
    assert seconds(junk) is None


def test_a_head_that_claims_hours_is_bounded_by_the_bytes() -> None:
    data = webm(36_000_000, filler=7_500)

    assert seconds(data) == len(data) // sound.LEAST_BYTES_PER_SECOND + 2


def test_a_head_that_claims_an_instant_is_bounded_by_the_bytes() -> None:
    data = bytearray(wav(60, rate=48_000))
    data[40:44] = (100).to_bytes(4, "little")  # the size of the samples

    assert seconds(bytes(data)) == 8  # 5.76 MB are at least so long


def test_a_size_says_how_long_at_most_and_usually() -> None:
    assert (sound.most_seconds(750_000), sound.usual_seconds(40_000)) == (1_001, 10)
