"""Count and read tokens without a network: OpenAI's own vocabularies, shipped in `vocabularies/`, by OpenAI's own counter.

Exact for OpenAI's models; for others the nearest there is (`docs/metering.md` says how near). Blocking: a vocabulary takes
half a second to load, once, and stops every other thread for a part of it: `prepare` before anybody waits. Text is counted at
about 10 MB/s. Call it from a thread unless the text is short.

UnknownTokens    numbers that are no tokens of the model's vocabulary

Source: https://github.com/openai/tiktoken (MIT); the files are the ones its `tiktoken_ext/openai_public.py` names, with its hashes.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import threading
from collections.abc import Sequence
from pathlib import Path

import tiktoken

_FOLDER = Path(__file__).parent / "vocabularies"
_MODERN, _OLDER = "o200k_base", "cl100k_base"
_HASHES = {
    _MODERN: "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    _OLDER: "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
}
_PATTERNS = {
    _MODERN: "|".join(
        [
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
            r"\p{N}{1,3}",
            r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
            r"\s*[\r\n]+",
            r"\s+(?!\S)",
            r"\s+",
        ]
    ),
    _OLDER: r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s",
}
# One unbroken word of this length takes milliseconds; of a megabyte seconds, and a megabyte of blanks kills the counter.
_SLICE = 8_000
_loading = threading.Lock()


class UnknownTokens(ValueError):
    """These are no tokens of this vocabulary."""


def prepare() -> None:
    """Load the vocabulary that most models are counted by: a thread that did it later would stop the event loop for 0.1 to 0.4 s."""
    _encoding(_MODERN)


def count(text: str, *, model: str) -> int:
    """Return the tokens of a text; a cut every 8,000 letters adds at most one token each."""
    encoding = _encoding(vocabulary(model))
    text = text.encode("utf-8", "replace").decode()  # lone surrogates are no text
    if len(text) <= _SLICE:
        return len(encoding.encode_ordinary(text))
    return sum(len(encoding.encode_ordinary(text[start : start + _SLICE])) for start in range(0, len(text), _SLICE))


def decode(numbers: Sequence[int], *, model: str) -> str:
    """Return the text behind tokens; raise UnknownTokens."""
    encoding = _encoding(vocabulary(model))
    try:
        return encoding.decode(list(numbers))
    except (KeyError, OverflowError, TypeError) as error:
        raise UnknownTokens("these are no tokens of the model's vocabulary") from error


def vocabulary(model: str) -> str:
    """Return the vocabulary of a model; the modern one where nobody knows."""
    name = model.rpartition("/")[2].replace("gpt-35", "gpt-3.5")
    try:
        found = tiktoken.encoding_name_for_model(name)
    except KeyError:
        return _MODERN
    return found if found in _HASHES else _MODERN


def _encoding(name: str) -> tiktoken.Encoding:
    with _loading:
        return _loaded(name)


@functools.cache
def _loaded(name: str) -> tiktoken.Encoding:
    raw = (_FOLDER / f"{name}.tiktoken").read_bytes()
    if hashlib.sha256(raw).hexdigest() != _HASHES[name]:
        raise RuntimeError(f"the vocabulary {name} is not the one it should be")
    ranks = {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in raw.splitlines())}
    return tiktoken.Encoding(name, pat_str=_PATTERNS[name], mergeable_ranks=ranks, special_tokens={})
