"""Show or set how long tenants' usage rows are kept."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from accounts.models import Tenant
from console.management.output import Verb
from gateway import retention
from gateway.models import UsageRetention


class Command(Verb):
    help = "Show how many days each tenant's usage rows are kept; with --tenant and --days, set it (0: as the platform's setting says)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tenant", metavar="SLUG", help="the tenant's short name")
        parser.add_argument("--days", type=int, help="how many days; 0 for the platform's setting")
        self.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if (options["tenant"] is None) != (options["days"] is None):
            self.fail("Give --tenant and --days together, or neither.")
        if options["tenant"] is not None:
            self._set(options["tenant"], options["days"])
        cleared = dict(UsageRetention.objects.values_list("tenant_id", "cleared_until"))
        slugs = dict(Tenant.objects.values_list("pk", "slug"))
        days = retention.days_by_tenant()
        self.emit({"tenant": slugs[pk], "days": days[pk], "cleared_until": cleared.get(pk)} for pk in sorted(days))

    def _set(self, slug: str, days: int) -> None:
        tenant = Tenant.objects.filter(slug=slug).first()
        if tenant is None:
            self.fail(f"No tenant is called {slug}.")
        try:
            retention.set_days(tenant=tenant, days=days or None)
        except retention.TooShort as error:
            self.fail(f"{error}.")
