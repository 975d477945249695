"""Values are dataclasses in all but their price."""

from __future__ import annotations

import dataclasses

import pytest

from foundation.values import value


@value
class Point:
    """A place."""

    x: int
    y: int = 0
    names: tuple[str, ...] = dataclasses.field(default=())


def test_a_value_compares_hashes_and_changes_like_a_frozen_dataclass() -> None:
    point = Point(1, names=("a",))
    assert point == Point(1, 0, ("a",))
    assert {point: "here"}[Point(1, 0, ("a",))] == "here"
    assert dataclasses.replace(point, x=2) == Point(2, 0, ("a",))
    assert [field.name for field in dataclasses.fields(Point)] == ["x", "y", "names"]


def test_a_value_takes_no_other_members() -> None:
    with pytest.raises(AttributeError):
        Point(1).z = 3  # type: ignore[attr-defined]  # that is the point
