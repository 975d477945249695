"""Write an exchange rate down, or show the ones that count: the only conversions there are."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import CommandParser

from billing import rates
from console.management.output import Verb


class Command(Verb):
    help = "Set how much of one currency another one buys, from now on; without --rate show the rates that count."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--base", default="USD", metavar="CODE", help="one unit of this currency (USD) …")
        parser.add_argument("--quote", metavar="CODE", help="… buys so many of this one, such as CNY")
        parser.add_argument("--rate", metavar="NUMBER", help="such as 7.1203")
        self.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["rate"] is None:
            self.emit([_row(rate) for rate in rates.current()])
            return
        try:
            row = rates.put(base=options["base"], quote=options["quote"] or "", rate=Decimal(options["rate"]))
        except InvalidOperation:
            self.fail(f"{options['rate']} is no rate: write it like 7.1203")
        except rates.BadRate as error:
            self.fail(str(error))
        self.emit(_row(row))


def _row(rate: Any) -> dict[str, Any]:
    return {
        "base": rate.base,
        "quote": rate.quote,
        "rate": f"{rate.rate.normalize():f}",
        "from": rate.valid_from.isoformat(timespec="seconds"),
    }
