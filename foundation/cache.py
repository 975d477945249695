"""The shared cache in Redis, and while Redis is away or silent one of the process' own: pages stay, counts are the process' share."""

from __future__ import annotations

from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache

from foundation import silence


class SharedCache(RedisCache):
    """Redis' cache that never fails; what it holds there and here are two things, which no caller may mind.

    Give it short socket timeouts (`OPTIONS`): `foundation.silence` says how often one page waits for them.
    """

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._name = str(server)
        self._own = LocMemCache(self._name, {name: value for name, value in params.items() if name != "OPTIONS"})

    def _ask(self, verb: str, *args: Any, **named: Any) -> Any:
        try:
            with silence.asking(self._name):
                return getattr(super(), verb)(*args, **named)
        except silence.Silent:
            return getattr(self._own, verb)(*args, **named)

    def add(self, *args: Any, **named: Any) -> bool:
        return bool(self._ask("add", *args, **named))

    def get(self, *args: Any, **named: Any) -> Any:
        return self._ask("get", *args, **named)

    def set(self, *args: Any, **named: Any) -> None:
        self._ask("set", *args, **named)

    def touch(self, *args: Any, **named: Any) -> bool:
        return bool(self._ask("touch", *args, **named))

    def delete(self, *args: Any, **named: Any) -> bool:
        return bool(self._ask("delete", *args, **named))

    def get_many(self, *args: Any, **named: Any) -> dict[Any, Any]:
        found: dict[Any, Any] = self._ask("get_many", *args, **named)
        return found

    def has_key(self, *args: Any, **named: Any) -> bool:
        return bool(self._ask("has_key", *args, **named))

    def incr(self, *args: Any, **named: Any) -> int:
        return int(self._ask("incr", *args, **named))

    def set_many(self, *args: Any, **named: Any) -> list[Any]:
        return list(self._ask("set_many", *args, **named))

    def delete_many(self, *args: Any, **named: Any) -> None:
        self._ask("delete_many", *args, **named)

    def clear(self) -> None:
        self._ask("clear")
