"""A request as it came from a client, and the error for what cannot be said in another protocol. Pure.

Unexpressible     a protocol has no words for something, or the client's request is not well formed; `field` names it
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from channels_app.contract import Call, Failure, FailureKind

_LONGEST_MODEL = 200
_MOST = 10_000_000


class Unexpressible(Exception):
    """A protocol has no words for something; `field` is the client's name for it."""

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message)
        self.field = field

    def failure(self) -> Failure:
        """Return the failure of an attempt that could not be made."""
        return Failure(FailureKind.UNSUPPORTED, str(self), code="unsupported_field", was_sent=False, param=self.field)


@dataclass(frozen=True, slots=True)
class Heard:
    """A body and what the address said beyond it: the model, what to do (`action`), in which `form`."""

    fields: Mapping[str, Any]
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    model: str = ""
    action: str = ""
    form: str = ""
    operation: str = "chat"

    def named(self, name: str) -> str:
        """Return the model's name, from the address or from a field; raise Unexpressible."""
        model = self.model or self.fields.get(name)
        if not isinstance(model, str) or not model.strip() or len(model) > _LONGEST_MODEL:
            raise Unexpressible(f"{name} must be the name of a model.", field=name)
        return model.strip()

    def flag(self, name: str) -> bool:
        """Return a switch; raise Unexpressible where it is none."""
        value = self.fields.get(name)
        if value is None or isinstance(value, bool):
            return bool(value)
        raise Unexpressible(f"{name} must be true or false.", field=name)

    def check(self, fields: Mapping[str, Any], *, lists: Sequence[str] = (), counts: Sequence[str] = ()) -> None:
        """Raise Unexpressible unless these fields are lists, and these are absent or positive whole numbers."""
        for name in lists:
            if not isinstance(fields.get(name), list):
                raise Unexpressible(f"{name} must be a list.", field=name)
        for name in counts:
            value = fields.get(name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST):
                raise Unexpressible(f"{name} must be a positive whole number.", field=name)

    def call(self, dialect: str, understand: Callable[[Call], Mapping[str, Any]], *, model: str, is_stream: bool) -> Call:
        """Return the call."""
        return Call(
            operation=self.operation,
            dialect=dialect,
            model=model,
            body=self.body,
            fields=self.fields,
            is_stream=is_stream,
            wants_usage=True,
            headers=self.headers,
            form=self.form,
            understand=understand,
        )
