"""One-time codes follow from subject and nonce, and from nothing that is stored."""

from __future__ import annotations

from pytest_django import Settings

from billing import one_time


def test_a_code_belongs_to_its_subject_and_nonce() -> None:
    nonce = one_time.nonce()
    code = one_time.code("order:1", nonce)
    assert len(code) == 8
    assert code.isdecimal()
    assert one_time.is_right("order:1", nonce, f" {code[:4]} {code[4:]}\n")
    assert not one_time.is_right("order:2", nonce, code)
    assert not one_time.is_right("order:1", one_time.nonce(), code)
    assert not one_time.is_right("order:1", nonce, "")
    assert not one_time.is_right("order:1", nonce, "１２３４５６７８")


def test_a_code_outlives_a_change_of_the_master_secret(settings: Settings) -> None:
    code = one_time.code("order:1", "n")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another" * 8
    assert one_time.is_right("order:1", "n", code)
