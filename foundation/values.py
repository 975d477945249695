"""Values: small classes whose instances are made once and from then on only read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def value(cls: type[T]) -> type[T]:
    """Make a class a dataclass with slots that the type checker lets nobody change.

    For what is made many times in every call: guarding it at run time as well (`frozen=True`) makes it three times as dear to make.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)
