"""Other names of models at a sub-key."""

from __future__ import annotations

import pytest

from accounts import model_aliases


@pytest.mark.parametrize("alias", ["haiku", "=a", "haiku=", "a*b*=a", "haiku=b"])
def test_an_alias_is_a_name_and_a_model_that_the_key_may_call(alias: str) -> None:
    with pytest.raises(ValueError, match=r"^"):
        model_aliases.clean([alias], allowed=["a"])
    assert model_aliases.clean([" haiku = b ", "haiku=c", ""], allowed=()) == ["haiku=c"]
    assert model_aliases.pairs(["haiku=c", "x*=a=b"]) == (("haiku", "c"), ("x*", "a=b"))
