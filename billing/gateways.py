"""Payment accounts: add them, find those a buyer may use, and reach their drivers. Raises `UnknownGateway`."""

from __future__ import annotations

import json
from collections.abc import Mapping

from accounts.models import Tenant
from billing.models import GatewayAccount
from billing.payments.base import Driver
from billing.payments.sandbox import Sandbox
from foundation import vault

_DRIVERS: dict[str, Driver] = {Sandbox.slug: Sandbox()}


class UnknownGateway(LookupError):
    """There is no such gateway."""


def add_account(
    *, tenant: Tenant, driver: str, name: str = "", secrets: Mapping[str, str] | None = None, options: Mapping[str, str] | None = None
) -> GatewayAccount:
    """Give a tenant an account at a gateway; its secrets are sealed. Raises UnknownGateway."""
    sealed = vault.seal(json.dumps(dict(secrets)), context="payment-account") if secrets else ""
    label = name or driver_of(driver).label
    return GatewayAccount.objects.create(tenant=tenant, driver=driver, name=label, sealed=sealed, options=dict(options or {}))


def driver_of(slug: str) -> Driver:
    """Return a gateway's driver; raise UnknownGateway."""
    try:
        return _DRIVERS[slug]
    except KeyError:
        raise UnknownGateway(f"there is no gateway {slug}; there are: {', '.join(sorted(_DRIVERS))}") from None


def is_ready(account: GatewayAccount) -> bool:
    """Tell whether buyers may pay through this account now."""
    driver = _DRIVERS.get(account.driver)
    return driver is not None and account.is_enabled and driver.is_ready(account)


def usable(*, tenant: Tenant) -> list[GatewayAccount]:
    """Return the accounts through which a shop's buyers can pay."""
    return [account for account in GatewayAccount.objects.filter(tenant=tenant).order_by("pk") if is_ready(account)]
