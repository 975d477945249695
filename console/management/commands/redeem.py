"""Redeem a code for somebody from the command line."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from accounts.models import Membership
from billing import codes, ledger
from console.management.output import Verb


class Command(Verb):
    help = "Redeem a code into a customer's wallet."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", metavar="EMAIL", required=True)
        parser.add_argument("--code", required=True)
        parser.add_argument("--tenant", metavar="SLUG", help="where the person is a customer; needed with several shops")
        self.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        found = Membership.objects.filter(user__email=options["user"].lower())
        if options["tenant"]:
            found = found.filter(tenant__slug=options["tenant"])
        members = list(found[:2])
        if len(members) != 1:
            self.fail(
                f"{options['user']} is a customer of {'several shops: add' if members else 'no such shop: check --user and'} --tenant"
            )
        try:
            done = codes.redeem(membership=members[0], code=options["code"])
        except codes.CodeError as error:
            self.fail(str(error))
        available = ledger.balance(membership_id=members[0].pk).available_micros
        self.emit({"units_micros": done.units_micros, "journal": done.journal.pk, "available_micros": available})
