"""A tenant's legal pages: which one to show, changing one, and who accepted which version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import F

from accounts import tenants
from accounts.models import Acceptance, LegalPage, Membership, Tenant
from foundation.remembered import Remembered

# What somebody who joins accepts, and who orders.
ACCEPTED = (LegalPage.Kind.TERMS, LegalPage.Kind.PRIVACY)
ACCEPTED_BY_ORDERING = tuple(kind for kind in LegalPage.Kind if kind != LegalPage.Kind.IMPRINT)


def page(*, tenant: Tenant, kind: str, language: str) -> LegalPage | None:
    """Return the page in this language, else the one for every language, else that in the shop's own, else any there is."""
    return _suiting(_pages.get(tenant.pk).get(kind, {}), tenant, language)


def kinds(tenant: Tenant) -> list[str]:
    """Name the pages a tenant has, in the order they are linked."""
    there = _pages.get(tenant.pk)
    return [kind for kind in LegalPage.Kind.values if kind in there]


def renew(page: LegalPage) -> None:
    """Count a changed text as another version."""
    LegalPage.objects.filter(pk=page.pk).update(version=F("version") + 1)
    page.refresh_from_db(fields=["version"])


def unaccepted(*, membership: Membership, language: str) -> list[LegalPage]:
    """Return the pages, in this language, of whose versions that stand the member accepted none, in whatever language."""
    standing = list(LegalPage.objects.filter(tenant_id=membership.tenant_id, kind__in=ACCEPTED))
    if not standing:
        return []
    accepted = set(Acceptance.objects.filter(membership=membership).values_list("kind", "language", "version"))
    known = {row.kind for row in standing if (row.kind, row.language, row.version) in accepted}
    asked = [kind for kind in ACCEPTED if kind not in known]
    found = [_suiting({row.language: row for row in standing if row.kind == kind}, membership.tenant, language) for kind in asked]
    return [row for row in found if row is not None]


def accept(*, membership: Membership, language: str) -> None:
    """Remember that a member accepted the pages as they stand; what was accepted before stays as it was."""
    found = (page(tenant=membership.tenant, kind=kind, language=language) for kind in ACCEPTED)
    _remember(membership, (row for row in found if row is not None))


def standing(*, tenant: Tenant, language: str) -> list[dict[str, Any]]:
    """Return which versions somebody accepts who orders now: {"kind", "language", "version"}, the pages that this reader is shown."""
    found = (page(tenant=tenant, kind=kind, language=language) for kind in ACCEPTED_BY_ORDERING)
    return [{"kind": row.kind, "language": row.language, "version": row.version} for row in found if row is not None]


def _suiting(pages: Mapping[str, LegalPage], tenant: Tenant, language: str) -> LegalPage | None:
    wanted = (language, "", *tenants.languages(tenant), *pages)
    return next((pages[one] for one in wanted if one in pages), None)


def _pages_of(tenant_id: int) -> dict[str, dict[str, LegalPage]]:
    """Return all pages of a tenant by kind and language."""
    found: dict[str, dict[str, LegalPage]] = {}
    for row in LegalPage.objects.filter(tenant=tenant_id):
        found.setdefault(row.kind, {})[row.language] = row
    return found


_pages = Remembered("shop", load=_pages_of)


def _remember(membership: Membership, pages: Iterable[LegalPage]) -> None:
    rows = [Acceptance(membership=membership, kind=row.kind, language=row.language, version=row.version) for row in pages]
    Acceptance.objects.bulk_create(rows, ignore_conflicts=True)
