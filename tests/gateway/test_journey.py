"""One call's way: what it counts against whom, its limits, its stand-ins, its conversation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from channels_app.contract import ChannelFacts, Failure, FailureKind, Usage
from channels_app.rules import Rules
from gateway.journey import EMPTY, TRANSPORT, Journey, Route, Terms
from gateway.limiter import Limiter
from gateway.routing import Attempt, Failed
from gateway.standing import Standing
from tests.gateway.test_routing import channel

ONE, TWO, THREE = channel(1, priority=3), channel(2, priority=2), channel(3, priority=1)
ERROR = Failure(FailureKind.UPSTREAM, "500", status=500)
LOST = Failure(FailureKind.UPSTREAM, "lost", code=TRANSPORT)


@dataclass
class World:
    """A process' standing with a clock that stands still until it is moved."""

    standing: Standing
    now: float = 1000.0

    def journey(self, *candidates: ChannelFacts, terms: Terms | None = None, stand_ins: Sequence[Route] = ()) -> Journey:
        routes = [Route("m", candidates or (ONE, TWO, THREE)), *stand_ins]
        return Journey(routes=routes, terms=terms or Terms(), standing=self.standing, clock=lambda: self.now, wall=lambda: 6000.0)

    def failures(self, one: ChannelFacts, model: str = "m") -> int:
        circuit = self.standing.board.circuits.get((one.id, model, one.keys[0].id))
        return circuit.row if circuit else 0

    def running(self, one: ChannelFacts) -> int:
        circuit = self.standing.board.circuits.get((one.id, "m", one.keys[0].id))
        return circuit.running if circuit else 0


@pytest.fixture
def world() -> World:
    return World(Standing(draw=lambda: 0.5, limiter=Limiter()))


def travel(journey: Journey, *failures: Failure) -> list[Failed]:
    """Fail so many times; the next try is under way afterwards, if there is one."""
    failed: list[Failed] = []
    attempt = journey.next(failed)
    for failure in failures:
        assert attempt is not None
        failed.append(Failed(attempt, failure))
        attempt = journey.next(failed)
    return failed


def test_an_error_counts_once_another_channel_has_answered_the_same_call(world: World) -> None:
    journey = world.journey()
    travel(journey, ERROR)
    assert world.failures(ONE) == 0
    journey.answered()
    journey.finish()
    assert (world.failures(ONE), world.failures(TWO)) == (1, 0)


def test_a_call_that_no_vendor_can_digest_counts_against_nobody(world: World) -> None:
    for _ in range(10):
        journey = world.journey()
        failed = travel(journey, ERROR, ERROR, ERROR)
        journey.finish(failed=failed)
    assert [world.failures(one) for one in (ONE, TWO, THREE)] == [0, 0, 0]
    assert world.standing.tallies == {(1, "upstream"): 10, (2, "upstream"): 10, (3, "upstream"): 10}


def test_a_lost_connection_counts_at_once(world: World) -> None:
    travel(world.journey(), LOST)
    assert world.failures(ONE) == 1


@pytest.mark.parametrize("failure", [Failure(FailureKind.BAD_REQUEST, "yours", status=400), Failure(FailureKind.UPSTREAM, "", code=EMPTY)])
def test_a_clients_fault_and_an_empty_answer_count_for_nothing(world: World, failure: Failure) -> None:
    journey = world.journey()
    journey.finish(failed=[Failed(_first(journey), failure)])
    assert (world.failures(ONE), world.standing.tallies, world.running(ONE)) == (0, {}, 0)


def _first(journey: Journey) -> Attempt:
    attempt = journey.next([])
    assert attempt is not None
    return attempt


def test_auxiliary_calls_touch_nobodys_health(world: World) -> None:
    journey = world.journey(terms=Terms(counts=False))
    travel(journey, LOST)
    journey.answered()
    journey.finish()
    assert (world.failures(ONE), world.standing.tallies) == (0, {})
    assert world.standing.board.circuits[2, "m", 20].calls == 0.0


def test_calls_under_way_are_counted_and_leave_once(world: World) -> None:
    journey = world.journey()
    journey.next([])
    assert world.running(ONE) == 1
    journey.finish()
    journey.finish()
    assert world.running(ONE) == 0


def test_a_stream_that_is_cut_counts_against_its_channel(world: World) -> None:
    journey = world.journey()
    attempt = _first(journey)
    journey.answered()
    journey.finish(broke=Failed(attempt, LOST))
    assert (world.failures(ONE), world.running(ONE)) == (1, 0)


def test_speed_is_measured_from_the_try_not_from_the_call(world: World) -> None:
    journey = world.journey()
    failed = [Failed(_first(journey), ERROR)]
    world.now += 50
    journey.next(failed)
    world.now += 2
    journey.answered()
    assert world.standing.board.circuits[2, "m", 20].first == 2.0


def test_long_answers_are_not_taken_for_slow_ones(world: World) -> None:
    journey = world.journey()
    journey.next([])
    world.now += 20
    journey.answered(delivered=4000)
    assert world.standing.board.circuits[1, "m", 10].whole == 2.0


def test_no_new_try_after_the_deadline(world: World) -> None:
    journey = world.journey(terms=Terms(deadline=1030.0))
    failed = [Failed(_first(journey), ERROR)]
    world.now = 1030.0
    assert journey.next(failed) is None
    assert world.running(ONE) == 0


def test_no_new_try_without_a_budget(world: World) -> None:
    world.standing.retries.left = 1.5
    journey = world.journey()
    failed = [Failed(_first(journey), ERROR)]
    failed.append(Failed(journey.next(failed) or _first(journey), ERROR))
    assert journey.next(failed) is None


def limited(*, rpm: int | None = None, tpm: int | None = None, concurrency: int | None = None) -> ChannelFacts:
    return replace(ONE, rules=Rules(rpm=rpm, tpm=tpm, concurrency=concurrency))


def test_a_channel_at_its_limit_leaves_the_call_to_the_next(world: World) -> None:
    one = limited(concurrency=1)
    first, second = world.journey(one, TWO), world.journey(one, TWO)
    assert (_first(first).channel.id, _first(second).channel.id) == (1, 2)
    first.finish()
    assert _first(world.journey(one, TWO)).channel.id == 1


def test_calls_and_tokens_of_a_minute_are_counted(world: World) -> None:
    one = limited(rpm=2, tpm=100)
    for _ in range(2):
        journey = world.journey(one, TWO)
        assert _first(journey).channel.id == 1
        journey.finish(usage=Usage(input=30, output=10))
    assert _first(world.journey(one, TWO)).channel.id == 2
    lane = world.standing.limiter.lanes["channel:1"]
    assert (lane.requests, lane.tokens, lane.running) == (2, 80, 0)


def test_when_all_are_at_their_limits_nobody_is_left(world: World) -> None:
    assert world.journey(limited(rpm=0)).next([]) is None


def test_a_channel_that_has_spent_its_days_money_is_not_asked(world: World) -> None:
    world.standing.overspent = frozenset({1})
    assert _first(world.journey()).channel.id == 2


def test_a_stand_in_answers_when_the_models_own_channels_are_out(world: World) -> None:
    other = Route("n", (TWO,))
    journey = world.journey(ONE, stand_ins=[other])
    travel(journey, LOST)
    assert journey.attempt is not None
    assert (journey.attempt.model, journey.attempt.channel.id) == ("n", 2)


def test_a_stand_in_goes_before_a_last_resort(world: World) -> None:
    for _ in range(5):
        world.standing.board.failed(ONE, "m", ONE.keys[0], LOST, world.now)
    attempt = _first(world.journey(ONE, stand_ins=[Route("n", (TWO,))]))
    assert attempt.model == "n"
    assert _first(world.journey(ONE)).model == "m"


CACHED = Usage(input=10, cache_read=5000, output=1)


def test_a_conversation_comes_back_to_where_its_prompt_is_cached(world: World) -> None:
    terms = Terms(conversation=b"c", sticky_seconds=10)
    one, two = channel(1), channel(2)
    first = world.journey(one, two, terms=terms)
    held = _first(first).channel
    first.finish(usage=CACHED)
    other = two if held.id == 1 else one
    for _ in range(5):  # what would send anybody else to the other one
        world.standing.board.succeeded(held, "m", held.keys[0], world.now, seconds=9.0, is_stream=False)
    assert _first(world.journey(one, two)).channel.id == other.id
    assert _first(world.journey(one, two, terms=terms)).channel.id == held.id
    world.now += 11
    assert _first(world.journey(one, two, terms=terms)).channel.id == other.id


def test_a_conversation_without_a_cache_is_free_to_go(world: World) -> None:
    journey = world.journey(terms=Terms(conversation=b"c", sticky_seconds=600))
    journey.next([])
    journey.finish(usage=Usage(input=5000, output=1))
    assert world.standing.habits.ways == {}
