"""How long a sound lasts, told from the file itself: the base of the price of a transcription.

Measured by tinytag from the heads of wav, mp3, ogg, opus, flac, m4a and mp4; a WebM recording by the times its clusters carry.
Source of WebM: RFC 8794 (EBML), RFC 9559 (Matroska).
"""

from __future__ import annotations

import math
import struct
from typing import BinaryIO

from tinytag import TinyTag, TinyTagException

# Speech is hardly ever packed tighter than this (Opus at 6 kbit/s): no file of a size lasts longer.
LEAST_BYTES_PER_SECOND = 750
# Uncompressed studio sound (96 kHz, 32 bit, stereo) is hardly ever looser than this: no file of a size is shorter.
_MOST_BYTES_PER_SECOND = 768_000
# What files of unknown make are taken for: 32 kbit/s.
_USUAL_BYTES_PER_SECOND = 4_000
_EBML = b"\x1a\x45\xdf\xa3"
_CLUSTER = b"\x1f\x43\xb6\x75"
_TIMESTAMP = b"\xe7"
_SCALE = b"\x2a\xd7\xb1"
_HEAD_BYTES = 64 * 1024
_WINDOW_BYTES = 256 * 1024


def seconds(file: BinaryIO, *, size: int) -> int | None:
    """Return how long the sound lasts, in whole seconds rounded up; None when the file does not tell. Blocking."""
    head = file.read(_HEAD_BYTES)
    file.seek(0)
    found = _webm_seconds(file, head, size) if head.startswith(_EBML) else _tagged_seconds(file)
    if found is None or not math.isfinite(found) or found <= 0:
        return None
    # A head may lie, the bytes cannot: they bound how tightly and how loosely the sound is packed.
    return max(1, math.ceil(max(size / _MOST_BYTES_PER_SECOND, min(found, size / LEAST_BYTES_PER_SECOND + 1))))


def most_seconds(size: int) -> int:
    """Return the longest that a file of this size can last, in practice."""
    return size // LEAST_BYTES_PER_SECOND + 1


def usual_seconds(size: int) -> int:
    """Return how long an unreadable file of this size lasts if it is packed as speech usually is."""
    return max(1, -(-size // _USUAL_BYTES_PER_SECOND))


def _tagged_seconds(file: BinaryIO) -> float | None:
    try:
        return TinyTag.get(file_obj=file, tags=False).duration
    except (TinyTagException, ValueError, KeyError, IndexError, struct.error, OverflowError, MemoryError):
        return None


def _webm_seconds(file: BinaryIO, head: bytes, size: int) -> float | None:
    """Return the time of the last cluster and a second (browsers write one a second or so, and no duration)."""
    scale = _number_after(head, _SCALE) or 1_000_000
    start = max(0, size - _WINDOW_BYTES)
    file.seek(start)
    tail = file.read(_WINDOW_BYTES)
    file.seek(0)
    place = tail.rfind(_CLUSTER)
    while place >= 0:
        time = _number_after(tail[place + 4 : place + 4 + 32], _TIMESTAMP)
        if time is not None:
            return time * scale / 1e9 + 1
        place = tail.rfind(_CLUSTER, 0, place)
    return None


def _number_after(data: bytes, element: bytes) -> int | None:
    """Return the unsigned number of an EBML element: its id, a one-byte size, big-endian bytes."""
    place = data.find(element)
    if place < 0 or place + len(element) >= len(data):
        return None
    length = data[place + len(element)] & 0x7F
    if not 1 <= length <= 8:
        return None
    start = place + len(element) + 1
    return int.from_bytes(data[start : start + length], "big")
