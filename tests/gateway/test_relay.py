"""The engine by plain values: events in, steps out, no network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from channels_app.contract import (
    Answer,
    Call,
    ChannelFacts,
    ChannelKey,
    Failure,
    FailureKind,
    Frame,
    FrameKind,
    Secret,
    UpstreamHead,
    Usage,
)
from gateway import relay, routing
from gateway.circuits import Board
from gateway.journey import EMPTY
from gateway.relay import Body, Broken, Chunk, Emit, End, Event, Head, Outcome, ReadAll, Send
from gateway.routing import Attempt, Failed, Wish

OK = Head(UpstreamHead(200, {"content-type": "text/event-stream"}))
USAGE = Usage(input=12, output=4)
VENDOR = Failure(FailureKind.UPSTREAM, "boom", status=500)
LOST = Failure(FailureKind.UPSTREAM, "the connection was lost", is_timeout=True)
CHANNELS = tuple(
    ChannelFacts(
        id=number, name=f"c{number}", tenant_id=1, provider="openai", base_url="", keys=(ChannelKey(number, Secret("s")),), models={}
    )
    for number in (1, 2, 3)
)


def content(data: bytes) -> Frame:
    return Frame(FrameKind.CONTENT, data, delivered=len(data))


FINISH = Frame(FrameKind.FINISH, b"[finish]")
USAGE_FRAME = Frame(FrameKind.USAGE, b"[usage]", usage=USAGE)
DONE = Frame(FrameKind.DONE, b"[done]")
ROLE = Frame(FrameKind.ROLE, b"[role]")
ERROR = Frame(FrameKind.ERROR, b"[error]", failure=VENDOR)


@dataclass
class Script:
    """A reader that answers each chunk by its number, and the end by `at_end`."""

    frames: Sequence[Sequence[Frame]]
    at_end: Sequence[Frame] = ()
    fed: int = 0

    def feed(self, chunk: bytes) -> Sequence[Frame]:
        self.fed += 1
        return self.frames[self.fed - 1]

    def end(self) -> Sequence[Frame]:
        return self.at_end


@dataclass
class Plan:
    """Channels in order; readers and answers as given."""

    call: Call
    readers: list[Script] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    failure: Failure = VENDOR
    mends: int = 0  # how many failures the vendor knows how to put right

    def choose(self, failed: Sequence[Failed]) -> Attempt | None:
        board = Board(lambda: 0.0)
        return routing.choose(CHANNELS, wish=Wish("m"), known=board, draw=lambda: 0.0, now=1.0, failed=failed)

    def classify(self, attempt: Attempt, head: UpstreamHead, body: bytes) -> Failure:
        return self.failure

    def mend(self, attempt: Attempt, failure: Failure) -> bool:
        self.mends -= 1
        return self.mends >= 0

    def read(self, attempt: Attempt, head: UpstreamHead, body: bytes) -> Answer:
        return self.answers.pop(0)

    def reader(self, attempt: Attempt, head: UpstreamHead) -> Script:
        return self.readers.pop(0)


def streamed(*readers: Script) -> Plan:
    return Plan(Call("chat", "openai", "m", b"{}", {}, is_stream=True), readers=list(readers))


def whole(*answers: Answer) -> Plan:
    return Plan(Call("chat", "openai", "m", b"{}", {}), answers=list(answers))


def play(plan: Plan, *events: Event) -> tuple[list[relay.Step], Outcome]:
    """Send the events one after the other; return the steps and the outcome."""
    engine = relay.run(plan)
    steps = [next(engine)]
    for event in events:
        try:
            steps.append(engine.send(event))
        except StopIteration as stop:
            return steps, stop.value
    raise AssertionError(f"the engine waits after {steps[-1]}")


def channels(steps: Sequence[relay.Step]) -> list[int]:
    return [step.attempt.channel.id for step in steps if isinstance(step, Send)]


def sent(steps: Sequence[relay.Step]) -> bytes:
    return b"".join(step.data for step in steps if isinstance(step, Emit))


def test_content_goes_out_as_it_comes_and_the_end_is_held_until_the_call_is_settled() -> None:
    reader = Script([[ROLE], [content(b"he")], [content(b"llo")], [FINISH, USAGE_FRAME, DONE]])

    steps, outcome = play(streamed(reader), OK, *[Chunk(b"x")] * 4)

    assert sent(steps) == b"[role]hello"
    assert [step.delivered for step in steps if isinstance(step, Emit) and step.data] == [2, 5]
    assert (outcome.tail, outcome.end_mark, outcome.usage, outcome.delivered) == (b"[finish][usage]", b"[done]", USAGE, 5)
    assert outcome.failure is None


def test_framing_without_content_is_held_back_so_that_another_channel_may_still_answer() -> None:
    broken, good = Script([[ROLE], [ERROR]]), Script([[content(b"hi")], [FINISH, DONE]])

    steps, outcome = play(streamed(broken, good), OK, Chunk(b"1"), Chunk(b"2"), OK, Chunk(b"1"), Chunk(b"2"))

    assert channels(steps) == [1, 2]
    assert sent(steps) == b"hi"
    assert [one.failure for one in outcome.failed] == [VENDOR]
    assert outcome.attempt is not None
    assert outcome.attempt.channel.id == 2


def test_a_stream_that_breaks_after_content_is_not_tried_elsewhere() -> None:
    reader = Script([[content(b"hal")]], at_end=[ERROR])

    steps, outcome = play(streamed(reader), OK, Chunk(b"1"), Broken(LOST))

    assert channels(steps) == [1]
    assert (outcome.delivered, outcome.failure, outcome.tail, outcome.end_mark) == (3, LOST, b"", b"")


def test_content_in_the_same_chunk_as_the_error_still_goes_out() -> None:
    _, outcome = play(streamed(Script([[content(b"hal"), ERROR]])), OK, Chunk(b"1"))

    assert (outcome.tail, outcome.delivered, outcome.failure) == (b"hal", 3, VENDOR)


def test_a_connection_lost_after_the_finish_is_an_end_like_any_other() -> None:
    reader = Script([[content(b"hi")]], at_end=[FINISH, DONE])

    _, outcome = play(streamed(reader), OK, Chunk(b"1"), Broken(LOST))

    assert (outcome.tail, outcome.end_mark, outcome.failure) == (b"[finish]", b"[done]", None)


def test_comments_are_dropped_before_content_and_survive_after_it() -> None:
    """Gotcha 4: a router's comments are neither parsed nor wrapped."""
    comment = Frame(FrameKind.COMMENT, b": x\n\n")
    reader = Script([[comment], [content(b"hi")], [comment], [FINISH, DONE]])

    steps, _ = play(streamed(reader), OK, *[Chunk(b"x")] * 4)

    assert sent(steps) == b"hi: x\n\n"


def silent() -> Script:
    return Script([[ROLE, FINISH, Frame(FrameKind.USAGE, b"", usage=Usage(input=3)), DONE]])


def test_an_empty_answer_is_asked_for_once_more_elsewhere() -> None:
    steps, outcome = play(streamed(silent(), Script([[content(b"hi"), FINISH, DONE]])), OK, Chunk(b"1"), OK, Chunk(b"1"), End())

    assert (channels(steps), outcome.is_empty) == ([1, 2], False)
    assert [one.failure.code for one in outcome.failed] == [EMPTY]


def test_what_is_empty_twice_is_empty() -> None:
    steps, outcome = play(streamed(silent(), silent()), OK, Chunk(b"1"), OK, Chunk(b"1"))

    assert (channels(steps), outcome.is_empty, outcome.tail) == ([1, 2], True, b"[role][finish]")


def test_an_empty_answer_is_better_than_the_failures_after_it() -> None:
    steps, outcome = play(whole(Answer(body=b"{}", is_empty=True)), OK, Body(b"{}"), Broken(LOST), Broken(LOST))

    assert channels(steps) == [1, 2, 3]
    assert (outcome.is_empty, outcome.failure, outcome.attempt and outcome.attempt.channel.id) == (True, None, 1)


@pytest.mark.parametrize(
    "events",
    [
        [Broken(LOST)],
        [Head(UpstreamHead(500, {})), Body(b"oops")],
        [Head(UpstreamHead(429, {})), Broken(LOST)],
    ],
    ids=["no connection", "error status", "cut in the error"],
)
def test_a_failed_try_moves_on_to_the_next_channel(events: list[Event]) -> None:
    plan = whole(Answer(body=b"yes", usage=USAGE))

    steps, outcome = play(plan, *events, OK, Body(b"{}"))

    assert channels(steps) == [1, 2]
    assert (outcome.tail, outcome.usage) == (b"yes", USAGE)


def test_an_error_inside_a_200_moves_on_too() -> None:
    steps, outcome = play(whole(Answer(failure=VENDOR), Answer(body=b"yes")), OK, Body(b"1"), OK, Body(b"2"))

    assert [type(step) for step in steps] == [Send, ReadAll, Send, ReadAll]
    assert outcome.tail == b"yes"


@pytest.mark.parametrize("kind", [FailureKind.BAD_REQUEST, FailureKind.CONTENT_FILTER])
def test_the_clients_own_fault_is_told_at_once(kind: FailureKind) -> None:
    plan = whole()
    plan.failure = Failure(kind, "too long", status=400)

    steps, outcome = play(plan, Head(UpstreamHead(400, {})), Body(b"{}"))

    assert channels(steps) == [1]
    assert (outcome.attempt, outcome.failure) == (None, plan.failure)


def test_when_everybody_fails_the_last_failure_is_the_answer() -> None:
    steps, outcome = play(whole(), Broken(VENDOR), Broken(VENDOR), Broken(LOST))

    assert channels(steps) == [1, 2, 3]
    assert (outcome.attempt, outcome.failure, len(outcome.failed)) == (None, LOST, 3)


def test_an_event_out_of_turn_is_a_defect() -> None:
    engine = relay.run(whole())
    next(engine)

    with pytest.raises(TypeError, match="End out of turn"):
        engine.send(End())


def test_a_stream_is_read_as_one_whatever_type_it_claims() -> None:
    plan = streamed(Script([[ROLE, content(b"hi"), FINISH, DONE]]))
    steps, outcome = play(plan, Head(UpstreamHead(200, {"content-type": "application/json"})), Chunk(b"{}"))
    assert channels(steps) == [1]
    assert (outcome.delivered, outcome.failure, outcome.end_mark) == (2, None, b"[done]")


def test_a_failure_that_can_be_put_right_is_tried_once_more_with_the_same_channel() -> None:
    plan = whole(Answer(body=b"answer"))
    plan.mends = 1
    steps, outcome = play(plan, Head(UpstreamHead(400, {})), Body(b"no"), OK, Body(b"{}"))
    assert [(step.attempt.channel.id, step.afresh) for step in steps if isinstance(step, Send)] == [(1, False), (1, True)]
    assert (outcome.tail, len(outcome.failed)) == (b"answer", 0)


def test_what_is_put_right_and_fails_again_is_the_next_channels() -> None:
    plan = streamed(Script([[content(b"hi")], [FINISH, DONE]]))
    plan.mends = 1
    steps, outcome = play(
        plan, Head(UpstreamHead(401, {})), Body(b"no"), Head(UpstreamHead(401, {})), Body(b"no"), OK, Chunk(b""), Chunk(b"")
    )
    assert channels(steps) == [1, 1, 2]
    assert len(outcome.failed) == 1
