"""Every collected text is translated, keeps its placeholders, and stands in the compiled catalogue."""

from __future__ import annotations

import ast
import gettext
import re
from pathlib import Path

import pytest

from tests.house import code

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]")
LANGUAGES = ("zh_Hans", "zh_Hant")


def catalogue(language: str) -> Path:
    return code.ROOT / "locale" / language / "LC_MESSAGES" / "django.po"


def entries(text: str) -> dict[str, str]:
    """Read msgid → msgstr (of a plural: its one form), the header left out."""
    found: dict[str, str] = {}
    for block in text.split("\n\n"):
        parts: dict[str, str] = {}
        name = ""
        for line in block.splitlines():
            word, _, rest = line.partition(" ")
            if word.startswith("msg"):
                name, line = word, rest
            if name and line.startswith('"'):
                parts[name] = parts.get(name, "") + str(ast.literal_eval(line))
        if parts.get("msgid"):
            found[parts["msgid"]] = parts.get("msgstr", parts.get("msgstr[0]", ""))
    return found


def faults(texts: dict[str, str]) -> list[str]:
    """Return the texts that are missing or lost a placeholder."""
    return [text for text, there in texts.items() if not there or sorted(PLACEHOLDER.findall(text)) != sorted(PLACEHOLDER.findall(there))]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated_and_keeps_its_placeholders(language: str) -> None:
    texts = entries(catalogue(language).read_text())
    assert len(texts) > 500
    assert faults(texts) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_catalogue_is_the_written_one(language: str) -> None:
    with catalogue(language).with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for text, there in entries(catalogue(language).read_text()).items():
        assert compiled.gettext(text) == there or compiled.ngettext(text, text, 1) == there


def test_a_missing_text_and_a_lost_placeholder_are_seen() -> None:
    sample = (
        'msgid ""\nmsgstr ""\n"Language: x\\n"\n\nmsgid "a"\nmsgstr ""\n\nmsgid "%(n)s left"\nmsgstr "left"\n\nmsgid "ok"\nmsgstr "gut"\n'
    )
    assert faults(entries(sample)) == ["a", "%(n)s left"]
