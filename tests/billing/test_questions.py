"""What buyers are asked: written as lines, answered by the rules."""

from __future__ import annotations

import pytest

from billing import questions

TEXT = "Account name *\nRegion * = Europe | Asia\nNote"


def test_questions_are_read_and_spelled() -> None:
    found = questions.read(f"\n{TEXT}\n")
    assert found == [
        {"label": "Account name", "required": True, "choices": []},
        {"label": "Region", "required": True, "choices": ["Europe", "Asia"]},
        {"label": "Note", "required": False, "choices": []},
    ]
    assert questions.spell(found) == TEXT
    assert questions.read("") == []


@pytest.mark.parametrize(
    ("text", "why"),
    [("A\n*", "Line 2"), ("A = b", "Line 1"), ("A =", "Line 1"), ("x" * 61, "Line 1"), ("A\na", "another name"),
     ("\n".join("abcdefghi"), "at most 8")],
)  # fmt: skip
def test_what_is_no_question_is_named(text: str, why: str) -> None:
    with pytest.raises(questions.BadQuestions, match=why):
        questions.read(text)


def test_answers_are_kept_in_the_order_of_the_questions() -> None:
    asked = questions.read(TEXT)
    given = {"Region": "Asia", "Account name": " ann ", "Unasked": "x"}
    assert questions.answered(asked, given) == [{"label": "Account name", "value": "ann"}, {"label": "Region", "value": "Asia"}]


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ({"Region": "Asia"}, "“Account name” must"),
        ({"Account name": "  ", "Region": "Asia"}, "“Account name” must"),
        ({"Account name": "a", "Region": "Mars"}, "“Region” is"),
        ({"Account name": "a" * 201, "Region": "Asia"}, "“Account name” is"),
    ],
)
def test_missing_and_wrong_answers_are_named(answers: dict[str, str], why: str) -> None:
    with pytest.raises(questions.BadAnswers, match=why):
        questions.answered(questions.read(TEXT), answers)
