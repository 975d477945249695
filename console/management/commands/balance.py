"""What a customer can spend."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from billing import ledger
from console.management import whose
from console.management.output import Verb


class Command(Verb):
    help = "Show a customer's quota in micro-USD: available, held by calls in flight, and the part that expires."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, metavar="EMAIL")
        parser.add_argument("--tenant", metavar="SLUG", help="where the wallet is; needed when the person is a customer of several")
        self.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        member = whose.member(email=options["user"], slug=options["tenant"])
        found = ledger.balance(membership_id=member.pk)
        self.emit(
            {
                "available_micros": found.available_micros,
                "held_micros": found.held_micros,
                "expiring_micros": found.expiring_micros,
            }
        )
