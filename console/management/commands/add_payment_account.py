"""Give a shop an account at a payment gateway from the command line."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.urls import reverse

from accounts.models import Tenant
from billing import gateways
from billing.payments.base import Driver
from console.management.output import Verb


class Command(Verb):
    help = "Let a shop's buyers pay through a gateway. Secrets are sealed and never shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tenant", metavar="SLUG", required=True)
        parser.add_argument("--gateway", required=True, help=", ".join(gateways.offered()))
        parser.add_argument("--name", default="", help="what buyers read; default: the gateway's name")
        parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="a field of the gateway, secrets too")
        parser.add_argument("--api-base", metavar="URL", default="", help="another address of the gateway's interface, such as a double's")
        self.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            driver = gateways.driver_of(options["gateway"])
            values = dict(_pair(text) for text in options["option"])
            if options["api_base"]:
                values |= dict.fromkeys(_address_fields(driver), options["api_base"])
            account = gateways.add_account(
                tenant=Tenant.objects.get(slug=options["tenant"]), driver=driver.slug, name=options["name"], values=values, is_operator=True
            )
        except Tenant.DoesNotExist:
            self.fail(f"there is no tenant {options['tenant']}; make it with add_tenant")
        except (gateways.GatewayAccountError, ValueError) as error:
            self.fail(str(error))
        path = reverse("pay_webhook", kwargs={"gateway": driver.slug, "account": account.token}) if driver.has_account_address else ""
        self.emit({"id": account.pk, "tenant": account.tenant.slug, "gateway": driver.slug, "name": account.name, "webhook_path": path})


def _pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise ValueError(f"{text}: write it like name=value")
    return name.strip(), value


def _address_fields(driver: Driver) -> list[str]:
    return [one.name for one in driver.fields if one.name in {"api_base", "base"}]
