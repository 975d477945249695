"""Issue a sub-key from the command line."""

from __future__ import annotations

import argparse
import datetime
import re
from typing import Any

from django.core.management.base import CommandParser
from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from accounts import audit, keys, people, tenants
from accounts.models import Membership
from billing import limits, money
from console.management import whose
from console.management.output import Verb

SPANS = {"allowance": "in all", "five-hours": "in 5 hours", "day": "a day", "week": "a week", "month": "a month"}


class Command(Verb):
    help = "Issue a sub-key for a person. The key is shown once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, metavar="EMAIL")
        parser.add_argument("--tenant", metavar="SLUG", help="where the person is or becomes a customer (default: their only tenant)")
        parser.add_argument("--new-user", action="store_true", help="make the person if nobody has the address")
        parser.add_argument("--name", default="command line")
        parser.add_argument("--expires", help="a date, a moment (ISO 8601), or a number of days such as 30d")
        parser.add_argument("--models", default="", help="allowed models, with commas between them (default: all)")
        parser.add_argument("--networks", default="", help="allowed networks (CIDR), with commas between them (default: all)")
        parser.add_argument("--rpm", type=int, help="requests a minute")
        parser.add_argument("--tpm", type=int, help="tokens a minute")
        parser.add_argument("--concurrency", type=int, help="calls at once")
        for name, span in SPANS.items():
            parser.add_argument(f"--{name}-usd", type=_usd, metavar="USD", help=f"what the key may spend {span} (default: no limit)")
        self.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        expires_at = self._moment(options["expires"])
        membership = self._member(options)
        allowances = {f"{name.replace('-', '_')}_micros": options[f"{name.replace('-', '_')}_usd"] for name in SPANS}
        allowances["total_micros"] = allowances.pop("allowance_micros")
        try:
            with transaction.atomic():
                issued = self._issue(membership, expires_at, options)
                if any(amount is not None for amount in allowances.values()):
                    limits.set_allowance(api_key_id=issued.key.pk, **allowances)
                audit.record(
                    actor=None, action="key.issue", target=issued.key, after={"prefix": issued.key.prefix}, tenant=membership.tenant
                )
        except ValueError as error:
            self.fail(f"--networks: {error}")
        self.emit({"id": issued.key.pk, "prefix": issued.key.prefix, "key": issued.secret})

    def _issue(self, membership: Membership, expires_at: datetime.datetime | None, options: dict[str, Any]) -> keys.Issued:
        return keys.issue(
            membership=membership,
            name=options["name"],
            expires_at=expires_at,
            models=_parts(options["models"]),
            networks=_parts(options["networks"]),
            rpm=options["rpm"],
            tpm=options["tpm"],
            concurrency=options["concurrency"],
        )

    def _member(self, options: dict[str, Any]) -> Membership:
        if options["new_user"] and people.by_email(options["user"]) is None:
            return tenants.join(tenant=whose.tenant(options["tenant"]), user=people.add(email=options["user"]))
        if options["tenant"]:
            return tenants.join(tenant=whose.tenant(options["tenant"]), user=whose.person(options["user"]))
        return whose.member(email=options["user"], slug=None)

    def _moment(self, text: str | None) -> datetime.datetime | None:
        if text is None:
            return None
        if re.fullmatch(r"\d{1,5}d", text):
            return timezone.now() + datetime.timedelta(days=int(text[:-1]))
        try:
            day, moment = parse_date(text), parse_datetime(text)
        except ValueError:
            day = moment = None
        if moment is None and day is not None:
            moment = datetime.datetime.combine(day, datetime.time())
        if moment is None:
            self.fail(f"--expires {text}: write 2027-01-31, 2027-01-31T12:00:00Z or 30d")
        return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _usd(text: str) -> int:
    try:
        return money.parse_usd(text)
    except money.BadAmount as error:
        raise argparse.ArgumentTypeError(str(error)) from None
