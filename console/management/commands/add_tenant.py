"""Open a shop from the command line."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from accounts import audit, tenants
from accounts.models import Membership
from console.management import whose
from console.management.output import Verb


class Command(Verb):
    help = "Open a tenant (a shop with its own host, brand, prices and customers)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--slug", required=True, help="short name, as in --tenant of other commands")
        parser.add_argument("--name", required=True, help="what customers read")
        parser.add_argument("--domain", help="host on which it answers, without port")
        parser.add_argument("--parent", metavar="SLUG", help="its seller; the platform if left out")
        parser.add_argument("--currency", default="CNY")
        parser.add_argument("--owner", metavar="EMAIL", help="person who runs it; must have an account")
        self.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        owner = whose.person(options["owner"]) if options["owner"] else None
        parent = whose.tenant(options["parent"])
        try:
            tenant = tenants.open_tenant(
                slug=options["slug"],
                name=options["name"],
                parent=parent,
                domain=options["domain"],
                currency=options["currency"].upper(),
            )
        except tenants.TenantError as error:
            self.fail(str(error))
        if owner is not None:
            tenants.set_role(membership=tenants.join(tenant=tenant, user=owner), role=Membership.Role.OWNER)
        audit.record(actor=None, action="tenant.add", target=tenant, after={"slug": tenant.slug, "name": tenant.name})
        self.emit({"id": tenant.pk, "slug": tenant.slug, "name": tenant.name, "domain": options["domain"], "parent": parent.slug})
