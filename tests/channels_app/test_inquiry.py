"""What vendors say beside calls is read strictly: what is not there is no zero."""

from __future__ import annotations

from decimal import Decimal

import pytest

from channels_app.inquiry import NoAnswer, Reply, amount


def test_a_member_is_found_by_its_path() -> None:
    assert Reply(200, b'{"data": [{"left": "1.50"}]}').json("data", 0, "left") == "1.50"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, b'{"data": {"left": 1}}'),
        (200, b"<html>"),
        (200, b"{}"),
        (200, b'{"data": []}'),
        (200, b'{"data": null}'),
        (200, b'{"data": "left"}'),
    ],
)
def test_an_answer_without_the_member_is_no_answer(status: int, body: bytes) -> None:
    with pytest.raises(NoAnswer):
        Reply(status, body).json("data", "left")


@pytest.mark.parametrize(("value", "expected"), [("12.340", "12.340"), (0.1, "0.1"), (0, "0"), (-3, "-3"), (" 7 ", "7")])
def test_amounts_are_exact(value: object, expected: str) -> None:
    assert amount(value) == Decimal(expected)


@pytest.mark.parametrize("value", [None, True, "", "much", "NaN", float("inf"), [], {}])
def test_what_is_no_amount_is_refused(value: object) -> None:
    with pytest.raises(NoAnswer):
        amount(value)
