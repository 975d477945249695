"""Give a customer quota from the issuer: support, tests, first steps."""

from __future__ import annotations

import uuid
from typing import Any

from django.core.management.base import CommandParser

from billing import ledger
from billing.money import BadAmount, parse_usd
from console.management import whose
from console.management.output import Verb


class Command(Verb):
    help = "Grant quota to a customer. The same --key grants once, however often it runs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, metavar="EMAIL")
        parser.add_argument("--usd", required=True, metavar="AMOUNT")
        parser.add_argument("--tenant", metavar="SLUG", help="where the wallet is; needed when the person is a customer of several")
        parser.add_argument("--key", metavar="TEXT", help="makes the grant happen once")
        self.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            member = whose.member(email=options["user"], slug=options["tenant"])
            amount = parse_usd(options["usd"])
            if amount <= 0:
                self.fail("grant an amount above 0")
            journal = ledger.transfer(
                kind="grant",
                key=f"grant:{options['key'] or uuid.uuid4()}",
                src_id=ledger.account(kind="issuer").pk,
                dst_id=ledger.wallet(membership_id=member.pk).pk,
                amount=amount,
            )
        except BadAmount as error:
            self.fail(str(error))
        except ledger.KeyReused:
            self.fail("this --key was used for another grant")
        self.emit({"journal": journal.pk, "granted_micros": amount, **_balance(member.pk)})


def _balance(membership_id: int) -> dict[str, int]:
    return {"available_micros": ledger.balance(membership_id=membership_id).available_micros}
