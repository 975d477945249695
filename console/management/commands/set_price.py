"""Price models from the command line: what customers pay, what a group of them pays, what a channel's upstream asks."""

from __future__ import annotations

import datetime
import zoneinfo
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import CommandParser

from accounts import tenants
from accounts.models import Tenant
from billing import price_book, price_preview, price_terms
from billing.money import MICROS, BadAmount
from channels_app import costs
from channels_app.models import Channel
from console.management import price_options
from console.management.output import Verb


class Command(Verb):
    help = (
        "Set the price of a model or pattern (USD per 1M tokens, per call, per unit), the factor of a customer group with --group, "
        "what an upstream asks with --channel, or import the shipped list prices with --list."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--model", metavar="GLOB", help="a model name, or a pattern such as gpt-4o-*")
        parser.add_argument("--tenant", metavar="SLUG", help="whose customers pay it; default: the platform, everybody's wholesale price")
        price_options.add(parser)
        parser.add_argument("--hold-ceiling", type=int, metavar="TOKENS", help="output tokens a streamed call reserves at first")
        parser.add_argument("--priced-as", default="", metavar="MODEL", help="take the prices of this model")
        parser.add_argument("--from", dest="begins", metavar="TIME", help="when it begins to count: 2026-12-01T00:00+08:00; default: now")
        parser.add_argument("--channel", metavar="NAME", help="this is what the channel's upstream asks of us (--model: a name, or *)")
        parser.add_argument("--group", metavar="NAME", help="with --factor: what a customer group pays of its seller's prices")
        parser.add_argument("--factor", metavar="NUMBER", help="0.9 is a tenth less; never below wholesale")
        parser.add_argument(
            "--mode", choices=price_terms.MODES, default="price", help="how a shop's price follows the wholesale price (with --tenant)"
        )
        parser.add_argument("--percent", metavar="NUMBER", help="with --mode percent: 25 is a quarter more than wholesale")
        parser.add_argument("--list", action="store_true", help="import the dated list prices that come with Keyosk")
        parser.add_argument("--dry-run", action="store_true", help="show what an ordinary call would cost, change nothing")
        parser.add_argument("--confirm", action="store_true", help="yes, the price becomes ten times as dear or as cheap")
        self.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            tenant = Tenant.objects.get(slug=options["tenant"]) if options["tenant"] else tenants.root()
            self._choose(options)(tenant, options)
        except Tenant.DoesNotExist:
            self.fail(f"there is no tenant {options['tenant']}; make it with add_tenant")
        except price_book.NeedsConfirming as error:
            self.fail(f"{error}; say --confirm if that is meant")
        except (BadAmount, price_book.BadPrice) as error:
            self.fail(str(error))

    def _choose(self, options: dict[str, Any]) -> Any:
        if options["list"]:
            return self._import
        if options["group"]:
            return self._group
        if not options["model"]:
            self.fail("say which model: --model gpt-4o (or --list for the shipped prices)")
        return self._cost if options["channel"] else self._set

    def _set(self, tenant: Tenant, options: dict[str, Any]) -> None:
        typed = price_options.read(options)
        begins = self._moment(options["begins"], tenant) if options["begins"] else None
        given = {**typed, **self._mode(options), "hold_ceiling": options["hold_ceiling"], "priced_as": options["priced_as"]}
        seen = price_preview.preview(seller=tenant, model=options["model"], values=price_terms.values_of(given), at=begins)
        if options["dry_run"]:
            self.emit({"model": options["model"], "preview": str(seen), "jumps": list(seen.jumps)})
            return
        rule = price_book.set_price(
            model=options["model"], tenant=tenant, source="command line", begins=begins, is_confirmed=options["confirm"], **given
        )  # fmt: skip
        answer = {"model": rule.pattern, "tenant": tenant.slug, "priced_as": rule.priced_as or None, **price_options.shown(typed)}
        answer |= {name: options[name] for name in ("mode", "percent") if options[name] not in {None, "price"}}
        self.emit(answer | ({"begins": rule.valid_from} if begins else {}) | {"preview": str(seen)})

    def _mode(self, options: dict[str, Any]) -> dict[str, Any]:
        """Return how the price follows the wholesale price, as `set_price` takes it."""
        mode, percent = options["mode"], options["percent"]
        if (mode == "percent") != bool(percent):
            self.fail("say how much more than wholesale: --mode percent --percent 25")
        return {"mode": mode} | ({"factor": MICROS + self._millionths(percent) // 100} if percent else {})

    def _millionths(self, text: str) -> int:
        """Read a number of at most 4 decimals in millionths."""
        try:
            number = Decimal(text) * MICROS
        except InvalidOperation:
            self.fail(f"{text} is no percentage: write a number such as 25 or 12.5")
        if not number.is_finite() or number % 100:
            self.fail("a percentage has at most 4 decimals, such as 12.5")
        return int(number)

    def _moment(self, text: str, tenant: Tenant) -> datetime.datetime:
        """Read a time; one without an offset is meant in the tenant's zone."""
        try:
            moment = datetime.datetime.fromisoformat(text)
        except ValueError:
            self.fail(f"{text} is no time: write --from 2026-12-01T00:00")
        return moment if moment.tzinfo else moment.replace(tzinfo=zoneinfo.ZoneInfo(tenant.zone))

    def _import(self, tenant: Tenant, options: dict[str, Any]) -> None:
        done = price_book.import_list(tenant=tenant)
        self.emit({"date": done.date, "source": done.source, "changed": done.changed, "unchanged": done.unchanged})

    def _group(self, tenant: Tenant, options: dict[str, Any]) -> None:
        try:
            factor = Decimal(options["factor"] or "") * MICROS
        except InvalidOperation:
            self.fail("say how much of the price the group pays: --factor 0.9")
        if not factor.is_finite() or factor != int(factor):
            self.fail("a factor is a number of at most 6 decimals, such as 0.9")
        rate = price_book.set_group(group=options["group"], factor=int(factor), tenant=tenant)
        self.emit({"group": rate.group, "tenant": tenant.slug, "factor": rate.factor / MICROS})

    def _cost(self, tenant: Tenant, options: dict[str, Any]) -> None:
        channel = Channel.objects.filter(tenant=tenant, name=options["channel"]).first()
        if channel is None:
            names = ", ".join(Channel.objects.filter(tenant=tenant).values_list("name", flat=True)[:20])
            self.fail(f"{tenant.slug} has no channel {options['channel']}; there are: {names or 'none (add_channel makes one)'}")
        typed = price_options.read(options)
        if not typed:
            self.fail("give what the upstream asks: --input 2.5 --output 10")
        price_terms.check(options["model"], price_terms.values_of({"per_call": 0, **typed}))
        costs.set_cost(channel=channel, model=options["model"], **typed)
        self.emit({"model": options["model"], "channel": channel.name, **price_options.shown(typed)})
