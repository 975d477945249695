"""Drills play failures for a share of the calls, and end by themselves."""

from __future__ import annotations

import pytest

from channels_app.contract import Failure
from channels_app.rules import Drill
from gateway.drills import play


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("dead", ("upstream", None, "transport")),
        ("error", ("upstream", 503, None)),
        ("rate_limited", ("rate_limited", 429, None)),
        ("no_quota", ("no_quota", 402, None)),
        ("bad_key", ("bad_key", 401, None)),
    ],
)
def test_each_kind_fails_in_its_way(kind: str, expected: tuple[str, int | None, str | None]) -> None:
    played = play(Drill(kind, 1.0), draw=lambda: 0.99, now=5.0)
    assert isinstance(played, Failure)
    assert (played.kind.value, played.status, played.code) == expected


def test_a_slow_one_waits() -> None:
    assert play(Drill("slow", 1.0), draw=lambda: 0.5, now=5.0) == 5.0


def test_only_its_share_is_hit_and_nothing_after_its_end() -> None:
    drill = Drill("error", 0.3, until=10.0)
    assert play(drill, draw=lambda: 0.3, now=9.0) == 0.0
    assert isinstance(play(drill, draw=lambda: 0.29, now=9.0), Failure)
    assert play(drill, draw=lambda: 0.0, now=10.0) == 0.0
