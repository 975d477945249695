"""The command line's table, JSON and refusals."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import CommandError, CommandParser, call_command

from console.management.output import Verb


class Rows(Verb):
    def add_arguments(self, parser: CommandParser) -> None:
        self.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        self.emit([{"name": "a", "n": 1, "more": None}, {"name": "long name", "n": 22, "more": {"x": 1}}])


class One(Rows):
    def handle(self, *args: Any, **options: Any) -> None:
        self.emit({"id": 1, "key": "sk-1", "list": ["a", "b"]})


class Nothing(Rows):
    def handle(self, *args: Any, **options: Any) -> None:
        self.emit([])


class Refuse(Rows):
    def handle(self, *args: Any, **options: Any) -> None:
        self.fail("no such thing: do that first")


def run(verb: Verb, *arguments: str) -> str:
    out = io.StringIO()
    call_command(verb, *arguments, stdout=out)
    return out.getvalue()


def test_rows_are_a_table() -> None:
    assert run(Rows()) == "name       n   more\na          1   -\nlong name  22  x=1\n"


def test_one_object_is_a_list_of_its_fields() -> None:
    assert run(One()) == "id    1\nkey   sk-1\nlist  a, b\n"


def test_nothing_is_said() -> None:
    assert run(Nothing()) == "(none)\n"


def test_json_keeps_the_shape() -> None:
    assert run(One(), "--json") == '{"id": 1, "key": "sk-1", "list": ["a", "b"]}\n'
    assert run(Nothing(), "--json") == "[]\n"


def test_a_refusal_is_an_error_with_advice() -> None:
    with pytest.raises(CommandError, match="do that first"):
        run(Refuse())
