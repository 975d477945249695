"""Secrets that open nothing: how many may be tried."""

from __future__ import annotations

from gateway.guesses import A_MINUTE, A_MINUTE_IN_ALL, Guesses, name_of


def test_a_name_is_tried_ten_times_from_an_address() -> None:
    guesses = Guesses()
    for _ in range(A_MINUTE):
        assert guesses.may_try("sk-aaaaaaa", "192.0.2.1")
        guesses.count("sk-aaaaaaa", "192.0.2.1")
    assert not guesses.may_try("sk-aaaaaaa", "192.0.2.1")
    assert guesses.may_try("sk-aaaaaaa", "192.0.2.2")
    assert guesses.may_try("sk-bbbbbbb", "192.0.2.1")


def test_an_address_tries_no_more_than_a_hundred_names() -> None:
    guesses = Guesses()
    for number in range(A_MINUTE_IN_ALL):
        guesses.count(f"sk-{number}", "192.0.2.1")
    assert not guesses.may_try("sk-another", "192.0.2.1")
    assert guesses.may_try("sk-another", "192.0.2.2")


def test_a_secret_is_told_by_its_beginning() -> None:
    assert name_of("sk-abcdefghij") == "sk-abcdefg"
