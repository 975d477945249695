"""What a product asks its buyers: written one a line, kept as a list, answered with the order.

A line is a label, a star when it must be answered, and after `=` the choices with bars between them:
`Account name *` or `Region * = Europe | Asia`. Raises `BadQuestions` and `BadAnswers`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from billing.models import Product

MOST = 8
LONGEST_LABEL = 60
LONGEST_ANSWER = 200

Question = dict[str, Any]


class BadQuestions(ValueError):
    """A line is no question; the message names it."""


class BadAnswers(ValueError):
    """An answer is missing or not one of the choices; the message says which."""


def read(text: str) -> list[Question]:
    """Return the questions in a text as {"label", "required", "choices"}."""
    found = [_question(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    labels = [one["label"].casefold() for one in found]
    if len(found) > MOST or len(set(labels)) != len(labels):
        raise BadQuestions(_("Ask at most %(most)d things, each by another name.") % {"most": MOST})
    return found


def spell(questions: Iterable[Mapping[str, Any]]) -> str:
    """Return questions as they are written."""
    lines = []
    for one in questions:
        line = f"{one['label']} *" if one["required"] else str(one["label"])
        lines.append(f"{line} = {' | '.join(one['choices'])}" if one["choices"] else line)
    return "\n".join(lines)


def spoken(questions: list[Question], text: str) -> list[Question]:
    """Return questions in the words of a text in another language; as they are where it does not ask the same things."""
    try:
        said = read(text)
    except BadQuestions:
        return questions
    return said if said and ask_the_same(said, questions) else questions


def ask_the_same(one: Iterable[Mapping[str, Any]], other: Iterable[Mapping[str, Any]]) -> bool:
    """Tell whether two lists ask as many things, as strictly, with as many choices: what translations have in common."""
    return _shape(one) == _shape(other)


def of(product: Product) -> list[Question]:
    """Return what the buyers of a product are asked: its own questions, else its lead's."""
    asked: list[Question] = product.questions or (product.lead.questions if product.lead else [])
    return asked


def written(product: Product) -> list[Question]:
    """Return what they are asked in the words of the field itself, whatever language a spoken copy has."""
    lead = product.lead
    asked: list[Question] = (product.written or product).questions or ((lead.written or lead).questions if lead else [])
    return asked


def understood(product: Product, answers: Mapping[str, str]) -> dict[str, str]:
    """Return answers in the words of a spoken copy's questions, also where they name labels and choices as they were written."""
    found = {}
    for said, meant in zip(of(product), written(product), strict=True):
        value = answers.get(said["label"], answers.get(meant["label"], ""))
        found[said["label"]] = said["choices"][meant["choices"].index(value)] if value in meant["choices"] else value
    return found


def answered(questions: Iterable[Mapping[str, Any]], answers: Mapping[str, str]) -> list[dict[str, str]]:
    """Return what an order keeps of answers by label: those that were given, in the order of the questions."""
    found = []
    for one in questions:
        label, value = str(one["label"]), str(answers.get(str(one["label"]), "")).strip()
        if one["required"] and not value:
            raise BadAnswers(_("“%(label)s” must be answered.") % {"label": label})
        if len(value) > LONGEST_ANSWER or (value and one["choices"] and value not in one["choices"]):
            raise BadAnswers(_("The answer to “%(label)s” is too long or none of the choices.") % {"label": label})
        if value:
            found.append({"label": label, "value": value})
    return found


def _shape(questions: Iterable[Mapping[str, Any]]) -> list[tuple[bool, int]]:
    return [(one["required"], len(one["choices"])) for one in questions]


def _question(number: int, line: str) -> Question:
    label, equals, rest = line.partition("=")
    label = label.strip()
    required = label.endswith("*")
    label = label.removesuffix("*").strip()
    choices = list(dict.fromkeys(choice.strip() for choice in rest.split("|") if choice.strip()))
    is_bad = not label or len(label) > LONGEST_LABEL or any(len(choice) > LONGEST_ANSWER for choice in choices)
    if is_bad or (equals and len(choices) < 2):
        raise BadQuestions(_("Line %(line)d: write a name, * when it must be answered, and = a | b for choices.") % {"line": number})
    return {"label": label, "required": required, "choices": choices}
