"""What a vendor has refused is remembered for an hour, for this model at this channel."""

from __future__ import annotations

from gateway.refusals import NOTHING, Refusals

OURS = frozenset({"stream_options"})


def test_a_refusal_is_learnt_once_and_forgotten_after_an_hour() -> None:
    known = Refusals()
    assert known.learn(1, "m", OURS, 0.0) is True
    assert known.learn(1, "m", OURS, 10.0) is False
    assert known.names(1, "m", 3599.0) == OURS
    assert (known.names(1, "m", 3600.0), known.names(1, "n", 1.0), known.names(2, "m", 1.0)) == (NOTHING, NOTHING, NOTHING)
    assert known.learn(1, "m", OURS, 3600.0) is True


def test_no_more_are_kept_than_there_is_room_for() -> None:
    known = Refusals()
    for channel in range(10_001):
        known.learn(channel, "m", OURS, 0.0)
    assert (len(known), known.names(0, "m", 1.0), known.names(10_000, "m", 1.0)) == (10_000, NOTHING, OURS)
