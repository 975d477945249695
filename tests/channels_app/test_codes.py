"""Codes of vendors by table, with and without what stands behind the dot."""

from __future__ import annotations

import pytest

from channels_app import codes


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("Throttling", "rate_limited"),
        ("throttling.allocationquota", "rate_limited"),
        ("InternalError.Algo", "upstream"),
        ("AccessDenied.Unpurchased", "no_quota"),
        ("AccessDenied.Other.Deep", "bad_key"),
        ("Novel.Code", None),
        ("", None),
        (None, None),
    ],
)
def test_a_code_that_is_not_listed_means_what_its_family_means(code: str | None, kind: str | None) -> None:
    assert codes.kind_of(codes.DASHSCOPE, code) == kind


def test_a_code_stands_in_one_column_of_a_table() -> None:
    # 1113 and its like are money although their status is 429.
    assert (codes.ZHIPU["1113"], codes.ZHIPU["1302"], codes.MINIMAX["1008"]) == ("no_quota", "rate_limited", "no_quota")
