"""Exchange rates on the command line."""

from __future__ import annotations

import json
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from billing import rates

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> Any:
    out = StringIO()
    call_command("set_rate", *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_a_rate_is_set_and_shown() -> None:
    assert run() == []
    told = run("--quote", "cny", "--rate", "7.1203")
    assert (told["base"], told["quote"], told["rate"]) == ("USD", "CNY", "7.1203")
    assert rates.get(base="USD", quote="CNY") == Decimal("7.1203")
    assert run() == [told]


@pytest.mark.parametrize("arguments", [("--rate", "7"), ("--quote", "CNY", "--rate", "much"), ("--quote", "CNY", "--rate", "-1")])
def test_what_is_no_rate_is_said(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        run(*arguments)
