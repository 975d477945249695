"""Add a channel from the command line."""

from __future__ import annotations

from typing import Any

from django.core.management import CommandError, CommandParser

from accounts.models import Tenant
from channels_app import channels
from console.management.output import Verb


class Command(Verb):
    help = "Add a channel to an upstream: name, provider, address, key and the models it serves."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--name", required=True)
        parser.add_argument("--provider", default="openai")
        parser.add_argument("--base-url", default="", help="empty for the vendor's own address")
        parser.add_argument("--key", default="")
        parser.add_argument("--models", default="", help="public names with commas between them; public=upstream where they differ")
        parser.add_argument("--group", action="append", help="customer group it serves; may be repeated (default: default)")
        parser.add_argument("--priority", type=int, default=0, help="higher ones are asked first")
        parser.add_argument("--weight", type=int, default=1, help="share among channels of the same priority")
        parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="an option of the provider")
        parser.add_argument("--tenant", help="short name of the owner (default: the platform)")
        parser.add_argument("--allow-private", action="store_true", help="let a tenant's channel call private addresses")
        self.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            channel = channels.add(
                name=options["name"],
                provider=options["provider"],
                base_url=options["base_url"],
                key=options["key"],
                models=_models(options["models"]),
                groups=options["group"] or ["default"],
                priority=options["priority"],
                weight=options["weight"],
                options=dict(_pair(text) for text in options["option"]),
                tenant=_tenant(options["tenant"]),
                allow_private=options["allow_private"],
            )
        except channels.ChannelError as error:
            self.fail(str(error))
        served = [str(model) for model in channel.models.all()]
        self.emit({"channel": channel.pk, "name": channel.name, "provider": channel.provider, "models": served})


def _models(text: str) -> dict[str, str]:
    named = (item.strip().partition("=") for item in text.split(",") if item.strip())
    return {public.strip(): upstream.strip() or public.strip() for public, _, upstream in named}


def _pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise CommandError(f"--option {text}: write NAME=VALUE")
    return name, value


def _tenant(slug: str | None) -> Tenant | None:
    if slug is None:
        return None
    tenant = Tenant.objects.filter(slug=slug).first()
    if tenant is None:
        raise CommandError(f"there is no tenant {slug}")
    return tenant
