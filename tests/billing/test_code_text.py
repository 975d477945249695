"""How codes are spelt: the vector, the check character, forgiving reading."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from billing import code_text

VECTOR = "PPP6AZNF8GN94V86BT5P"


def test_the_vector_of_the_derivation_holds() -> None:
    code = code_text.derive(key=b"0123456789abcdef0123456789abcdef", tenant_id=7, batch_id=42, serial=1, salt=bytes(range(16)))
    assert code == VECTOR
    pepper = b"fedcba9876543210fedcba9876543210"
    digest = hmac.new(pepper, code.encode(), hashlib.sha256).hexdigest()
    assert digest == "1f3dff78261a86271e6a6fa95e34d850819f4d5aff6c866a0df83d0fbaa6030c"


def test_each_input_changes_the_code() -> None:
    base: dict[str, object] = {"key": b"k" * 32, "tenant_id": 1, "batch_id": 1, "serial": 1, "salt": b"s" * 16}
    others: list[dict[str, object]] = [{"key": b"K" * 32}, {"tenant_id": 2}, {"batch_id": 2}, {"serial": 2}, {"salt": b"S" * 16}]
    made = {code_text.derive(**{**base, **other}) for other in [{}, *others]}  # type: ignore[arg-type]  # mixed values by table
    assert len(made) == 6


@pytest.mark.parametrize("text", [VECTOR, "ppp6a-znf8g-n94v8-6bt5p", " PPP6A ZNF8G\tN94V8 6BT5P\n", "ＰＰＰ６Ａ-ZNF8G-N94V8-6BT5P"])
def test_what_people_type_is_read(text: str) -> None:
    assert code_text.normalise(text) == VECTOR
    assert code_text.is_sound(VECTOR)


def test_look_alikes_are_read_as_digits() -> None:
    assert code_text.normalise("OoIiLl") == "001111"


def test_every_single_wrong_character_is_noticed() -> None:
    wrong = [VECTOR[:n] + letter + VECTOR[n + 1 :] for n in range(20) for letter in code_text.ALPHABET if letter != VECTOR[n]]
    assert len(wrong) == 20 * 31
    assert [text for text in wrong if code_text.is_sound(text)] == []


@pytest.mark.parametrize("text", ["", VECTOR[:-1], VECTOR + "0", "U" * 20, "PPP6AZNF8GN94V86BT5é"])
def test_what_is_no_code_is_not_sound(text: str) -> None:
    assert not code_text.is_sound(text)


def test_codes_are_shown_in_groups_of_five() -> None:
    assert code_text.grouped(VECTOR) == "PPP6A-ZNF8G-N94V8-6BT5P"
