"""Price models from the command line: USD per 1M tokens, by name or pattern."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from accounts.models import Tenant
from billing import price_book
from billing.money import BadAmount, parse_usd
from billing.pricing import BUCKETS
from console.management.output import Verb


class Command(Verb):
    help = "Set the price of a model or pattern (USD per 1M tokens), or import the shipped list prices with --list."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--model", metavar="GLOB", help="a model name, or a pattern such as gpt-4o-*")
        parser.add_argument("--tenant", metavar="SLUG", help="whose customers pay it; default: the platform, everybody's wholesale price")
        for bucket in BUCKETS:
            parser.add_argument(f"--{bucket.replace('_', '-')}", metavar="USD", help="USD per 1M tokens")
        parser.add_argument("--per-call", metavar="USD", help="USD per call")
        parser.add_argument("--hold-ceiling", type=int, metavar="TOKENS", help="output tokens a streamed call reserves at first")
        parser.add_argument("--priced-as", default="", metavar="MODEL", help="take the prices of this model")
        parser.add_argument("--list", action="store_true", help="import the dated list prices that come with Keyosk")
        self.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            tenant = Tenant.objects.get(slug=options["tenant"]) if options["tenant"] else None
            if options["list"]:
                done = price_book.import_list(tenant=tenant)
                self.emit({"date": done.date, "source": done.source, "changed": done.changed, "unchanged": done.unchanged})
            else:
                self._set(tenant, options)
        except Tenant.DoesNotExist:
            self.fail(f"there is no tenant {options['tenant']}; make it with add_tenant")
        except (BadAmount, price_book.BadPrice) as error:
            self.fail(str(error))

    def _set(self, tenant: Tenant | None, options: dict[str, Any]) -> None:
        if not options["model"]:
            self.fail("say which model: --model gpt-4o (or --list for the shipped prices)")
        amounts: dict[str, Any] = {name: parse_usd(options[name]) for name in (*BUCKETS, "per_call") if options[name] is not None}
        rule = price_book.set_price(
            model=options["model"],
            tenant=tenant,
            hold_ceiling=options["hold_ceiling"],
            priced_as=options["priced_as"],
            source="command line",
            **amounts,
        )
        seller = tenant.slug if tenant else "platform"
        self.emit(
            {"model": rule.pattern, "tenant": seller, "priced_as": rule.priced_as or None, **{k: v / 1_000_000 for k, v in amounts.items()}}
        )
