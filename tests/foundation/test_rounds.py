"""Many things, one timer."""

from __future__ import annotations

import asyncio

from foundation.rounds import Rounds


class Guest:
    """Leaves after so many looks."""

    def __init__(self, rounds: Rounds, *, stays: int) -> None:
        self.looks: list[float] = []
        self._rounds = rounds
        self._stays = stays
        self.left = asyncio.Event()

    def look(self, now: float) -> None:
        self.looks.append(now)
        if len(self.looks) == self._stays:
            self._rounds.leave(self)
            self.left.set()


async def test_everything_that_joined_is_looked_at_until_it_leaves() -> None:
    rounds = Rounds(every_seconds=0.001)
    guests = [Guest(rounds, stays=1), Guest(rounds, stays=3)]
    for guest in guests:
        rounds.join(guest)

    await asyncio.gather(*[guest.left.wait() for guest in guests])
    first, second = (guest.looks for guest in guests)
    assert first == second[:1]
    assert second == sorted(second)

    late = Guest(rounds, stays=1)  # the timer rested meanwhile
    rounds.join(late)
    await late.left.wait()
    assert (len(first), len(second), len(late.looks)) == (1, 3, 1)


async def test_who_leaves_twice_or_never_came_does_no_harm() -> None:
    rounds = Rounds(every_seconds=0.001)
    guest, other = Guest(rounds, stays=1), Guest(rounds, stays=1)
    rounds.leave(guest)
    rounds.join(guest)
    rounds.leave(guest)
    rounds.leave(guest)
    rounds.join(other)
    await other.left.wait()
    assert guest.looks == []


def test_the_rounds_go_on_in_another_event_loop() -> None:
    rounds = Rounds(every_seconds=0.001)

    async def visit(*, stays: int) -> int:
        guest = Guest(rounds, stays=stays)
        rounds.join(guest)
        if stays:
            await guest.left.wait()
        else:
            rounds.leave(guest)
        return len(guest.looks)

    assert [asyncio.run(visit(stays=0)), asyncio.run(visit(stays=2))] == [0, 2]
