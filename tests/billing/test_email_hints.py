"""Guesses of what address was meant."""

from __future__ import annotations

import pytest

from billing import email_hints


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ann@gmial.com", "ann@gmail.com"),
        ("ann@gmail.con", "ann@gmail.com"),
        ("ann@gmail.co", "ann@gmail.com"),
        ("ann@163.con", "ann@163.com"),
        ("ann@qq.con", "ann@qq.com"),
        ("ann@hotmial.com", "ann@hotmail.com"),
        (" ann@outlok.com ", "ann@outlook.com"),
        ("ann@GMAIL.com", ""),
        ("ann@qq.com", ""),
        ("ann@vip.163.com", ""),
        ("ann@mail.com", ""),
        ("ann@live.cn", ""),
        ("ann@example.org", ""),
        ("gmial.com", ""),
        ("@gmial.com", ""),
        ("", ""),
    ],
)
def test_a_mistyped_provider_is_guessed_and_others_are_left_alone(typed: str, meant: str) -> None:
    assert email_hints.meant(typed) == meant
