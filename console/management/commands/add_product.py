"""Put a quota code on sale from the command line."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from accounts.models import Tenant
from billing import catalogue, desk
from billing.money import BadAmount, parse_minor, parse_usd
from console.management.output import Verb


class Command(Verb):
    help = "Add a product to a tenant's shop; mint_codes --product gives it stock."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tenant", metavar="SLUG", required=True)
        parser.add_argument("--name", required=True)
        parser.add_argument("--units-usd", metavar="USD", required=True, help="the quota each code is worth")
        parser.add_argument("--price", required=True, help="what a buyer pays, such as 39.00")
        parser.add_argument("--currency", default="", help="three letters; default: the tenant's")
        parser.add_argument("--slug", default="", help="the last part of its address; default: from the name")
        parser.add_argument("--description", default="")
        tags = [tag for tag, _label in desk.choices("product", "tag") if tag]
        parser.add_argument("--tag", choices=tags, default="", help="a label on its card")
        parser.add_argument("--tag-text", default="", metavar="WORDS", help="own words on that label, such as +10%%")
        self.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            tenant = Tenant.objects.get(slug=options["tenant"])
            currency = options["currency"] or tenant.currency
            product = catalogue.add_product(
                tenant=tenant,
                name=options["name"],
                units_micros=parse_usd(options["units_usd"]),
                price_minor=parse_minor(options["price"], currency=currency),
                currency=currency,
                slug=options["slug"],
                description=options["description"],
                tag=options["tag"],
                tag_text=options["tag_text"],
            )
        except Tenant.DoesNotExist:
            self.fail(f"there is no tenant {options['tenant']}; make it with add_tenant")
        except (BadAmount, catalogue.BadProduct) as error:
            self.fail(str(error))
        self.emit({"id": product.pk, "tenant": tenant.slug, "slug": product.slug, "path": f"/p/{product.slug}/"})
