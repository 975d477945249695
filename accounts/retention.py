"""How long network addresses are kept: as the platform says, and shorter where a tenant wants that."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterator

from django.conf import settings
from django.db.models import Q

from accounts.models import Tenant


def old_addresses(*, path: str, now: datetime.datetime) -> Iterator[tuple[Q, datetime.datetime]]:
    """Yield which rows (`path` leads from them to a tenant) are old from before which moment: all of them, then those of stricter tenants.

    A tenant's own number never lengthens the platform's. Rows of people, who may belong to several, go by the strictest.
    """
    yield Q(), now - datetime.timedelta(days=settings.ADDRESS_RETENTION_DAYS)
    stricter = defaultdict(list)
    for pk, days in Tenant.objects.filter(address_days__lt=settings.ADDRESS_RETENTION_DAYS).values_list("pk", "address_days"):
        stricter[days].append(pk)
    for days, tenants in sorted(stricter.items()):
        yield Q(**{f"{path}__in": tenants}), now - datetime.timedelta(days=days or 0)
