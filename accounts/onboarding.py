"""How somebody gets a shop: apply, be approved or declined. Raises `SlugTaken`, `AlreadyApplied`, `AlreadyDecided`."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import mailing, tenants
from accounts.models import Membership, ShopApplication, Tenant, User


class AlreadyApplied(Exception):
    """This person's application waits already."""


class AlreadyDecided(Exception):
    """Somebody has decided on it meanwhile."""


def apply(*, seller: Tenant, applicant: User, slug: str, name: str, about: str = "", link: str = "") -> ShopApplication:
    """Ask for a shop below `seller`; a mail says that it came, and by `link` where it can be seen. Raise SlugTaken or AlreadyApplied."""
    if Tenant.objects.filter(slug=slug).exists():
        raise tenants.SlugTaken(f"there is a shop {slug} already")
    try:
        with transaction.atomic():
            row = ShopApplication.objects.create(seller=seller, applicant=applicant, slug=slug, name=name, about=about)
            tell(row, link=link)
            return row
    except IntegrityError:
        raise AlreadyApplied("your application waits already") from None


@transaction.atomic
def approve(*, application: ShopApplication) -> Tenant:
    """Open the shop with its applicant as owner; of two at once one does it. Raise AlreadyDecided or SlugTaken."""
    row = _waiting(application)
    tenant = tenants.open_tenant(slug=row.slug, name=row.name, parent=row.seller)
    tenants.join(tenant=tenant, user=row.applicant, role=Membership.Role.OWNER)
    _decide(row, ShopApplication.State.APPROVED, tenant=tenant)
    return tenant


@transaction.atomic
def decline(*, application: ShopApplication, reason: str) -> None:
    """Say no, with a reason that the applicant reads. Raise AlreadyDecided."""
    _decide(_waiting(application), ShopApplication.State.DECLINED, reason=reason)


def tell(application: ShopApplication, *, link: str) -> None:
    """Mail the applicant where the application stands; `link` is where it goes on."""
    # Whether or not they are a customer there: it is the seller who writes.
    reader = Membership(tenant=application.seller, user=application.applicant)
    context = {"store": application.name, "reason": application.reason, "link": link}
    mailing.tell(reader, template=f"application_{application.state}", context=context)


def _waiting(application: ShopApplication) -> ShopApplication:
    row = ShopApplication.objects.select_for_update().get(pk=application.pk)
    if row.state != ShopApplication.State.WAITING:
        raise AlreadyDecided("this application is decided already")
    return row


def _decide(row: ShopApplication, state: str, *, tenant: Tenant | None = None, reason: str = "") -> None:
    row.state, row.tenant, row.reason, row.decided_at = state, tenant, reason[:300], timezone.now()
    row.save(update_fields=["state", "tenant", "reason", "decided_at"])
