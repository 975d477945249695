"""Fields that a channel's vendor has refused for a model: left out of further calls for a while. Pure, one process' own.

Whether a vendor knows `stream_options`, or a model of Claude a temperature, is written nowhere: the first call that is refused for
it tells, and is asked again.
"""

from __future__ import annotations

from collections import OrderedDict

NOTHING: frozenset[str] = frozenset()
# After so long it is asked again: vendors learn.
_SECONDS = 3600.0
_MOST = 10_000

_Where = tuple[int, str]


class Refusals:
    """(channel, model upstream) → names of fields; `now` is monotonic seconds."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: OrderedDict[_Where, tuple[frozenset[str], float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def learn(self, channel_id: int, model: str, names: frozenset[str], now: float) -> bool:
        """Remember refused fields; False where they were known, and so are no reason to ask again."""
        known = self.names(channel_id, model, now)
        if names <= known:
            return False
        self._known[channel_id, model] = (known | names, now + _SECONDS)
        self._known.move_to_end((channel_id, model))
        if len(self._known) > _MOST:
            self._known.popitem(last=False)
        return True

    def names(self, channel_id: int, model: str, now: float) -> frozenset[str]:
        """Return the fields to leave out."""
        found = self._known.get((channel_id, model))
        return found[0] if found is not None and now < found[1] else NOTHING
