"""Mint quota codes from the command line."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from accounts.models import Tenant
from billing import catalogue, codes, desk, minting
from billing.money import BadAmount, parse_usd
from console.management.output import Verb


class Command(Verb):
    help = "Mint quota codes against a tenant's stock and print them: once here, later only to their owner."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tenant", metavar="SLUG", required=True)
        parser.add_argument("--units-usd", metavar="USD", help="what each code is worth; default: the product's")
        parser.add_argument("--count", type=int, required=True)
        parser.add_argument("--product", metavar="SLUG", help="the product these codes are the stock of")
        parser.add_argument("--offline", action="store_true", help="for sale elsewhere: good without being sold in the shop")
        parser.add_argument("--valid-days", type=int, help="how long the credit lasts once redeemed")
        parser.add_argument("--note", default="")
        self.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            tenant = Tenant.objects.get(slug=options["tenant"])
            product = catalogue.find(tenant=tenant, slug=options["product"]) if options["product"] else None
            if options["units_usd"] is None and product is None:
                self.fail("say what each code is worth: --units-usd 5, or --product")
            minted = codes.mint(
                tenant=tenant,
                units_micros=parse_usd(options["units_usd"]) if options["units_usd"] else product.units_micros if product else 0,
                count=options["count"],
                product=product,
                offline=options["offline"],
                valid_days=options["valid_days"],
                note=options["note"],
                at_once=minting.AT_ONCE,
            )
        except Tenant.DoesNotExist:
            self.fail(f"there is no tenant {options['tenant']}; make it with add_tenant")
        except (BadAmount, catalogue.NoSuchProduct, codes.CodeError) as error:
            self.fail(str(error))
        self.emit({"batch": minted.batch.pk, "codes": minted.codes + self._rest_of(minted)})

    def _rest_of(self, minted: codes.Minted) -> list[str]:
        """Wait for what a worker makes of a large batch, and make it here where none does; return those codes."""
        batch = minted.batch
        minting.finish_later(batch)
        for left in minting.see_through(batch.pk):
            self.stderr.write(f"{batch.count - left:,} of {batch.count:,} codes are made")
        made = desk.rows("code").filter(batch=batch, serial__gt=len(minted.codes)).select_related("batch").order_by("serial")
        return codes.reveal(made)
