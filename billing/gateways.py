"""Payment accounts: add them, find those a buyer may use, and reach their drivers: every file of `payments` that holds one.

GatewayAccountError
├── UnknownGateway   there is no such gateway
└── BadAccount       a field is missing, unknown, or not this person's to set; the message says which
"""

from __future__ import annotations

import copy
import importlib
import inspect
import json
import pkgutil
import secrets
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from django.db.models import Q

from accounts.models import Tenant
from billing import payments, store_credit
from billing.models import GatewayAccount
from billing.payments.base import SECRETS_CONTEXT, Driver, is_fit, secret
from foundation import vault
from foundation.remembered import Remembered


class GatewayAccountError(Exception):
    """The base of what can be wrong with an account."""


class UnknownGateway(GatewayAccountError, LookupError):
    """There is no such gateway."""


class BadAccount(GatewayAccountError):
    """The account cannot be like this."""


def add_account(
    *, tenant: Tenant, driver: str, name: str = "", values: Mapping[str, str] | None = None, is_operator: bool = False
) -> GatewayAccount:
    """Give a tenant an account at a gateway: `values` by the names of the driver's fields, secrets are sealed.

    Raises UnknownGateway and BadAccount.
    """
    chosen = driver_of(driver)
    if not chosen.is_for_buyers:
        raise BadAccount("such payments need no account: staff confirm them on the order")
    account = GatewayAccount(tenant=tenant, driver=driver, name=name or str(chosen.label), token=secrets.token_hex(12))
    write(account, values or {}, is_operator=is_operator)
    if driver == store_credit.DRIVER and GatewayAccount.objects.filter(tenant=tenant, driver=driver).exists():
        raise BadAccount("this shop has its store credit already: one account is enough")
    account.save()
    return account


def write(account: GatewayAccount, values: Mapping[str, str], *, is_operator: bool) -> None:
    """Put values into an account without saving it; an empty secret keeps the old one. Raises BadAccount."""
    fields = {one.name: one for one in driver_of(account.driver).fields}
    unknown = sorted(set(values) - set(fields))
    if unknown:
        raise BadAccount(f"{account.driver} has no {', '.join(unknown)}; it has: {', '.join(sorted(fields)) or 'no fields'}")
    refused = sorted(name for name in values if fields[name].is_for_operator and not is_operator)
    if refused:
        raise BadAccount(f"only the operator may set {', '.join(refused)}")
    kept = {name: secret(account, name) for name, one in fields.items() if one.is_secret}
    sealed = {name: str(values.get(name) or "").strip() or old for name, old in kept.items()}
    plain = {name: str(values[name]).strip() for name in values if not fields[name].is_secret}
    options = {name: value for name, value in (account.options | plain).items() if value}
    missing = [one.name for one in fields.values() if one.is_required and not (sealed if one.is_secret else options).get(one.name)]
    if missing:
        raise BadAccount(f"{account.driver} needs {', '.join(missing)}")
    unfit = [one.name for one in fields.values() if one.is_address and one.name in plain and options.get(one.name)]
    unfit = [name for name in unfit if not is_fit(account, options[name])]
    if unfit:
        raise BadAccount(f"{', '.join(unfit)}: write the whole address, with https://")
    account.options = options
    account.sealed = vault.seal(json.dumps(sealed), context=SECRETS_CONTEXT) if any(sealed.values()) else ""


def driver_of(slug: str) -> Driver:
    """Return a gateway's driver; raise UnknownGateway."""
    try:
        return drivers()[slug]
    except KeyError:
        raise UnknownGateway(f"there is no gateway {slug}; there are: {', '.join(offered())}") from None


@cache
def drivers() -> Mapping[str, Driver]:
    """Return all gateways by slug, in alphabetical order: each file of `payments` that holds a Driver of its own name."""
    names = sorted(info.name for info in pkgutil.iter_modules(payments.__path__))
    modules = [importlib.import_module(f"{payments.__name__}.{name}") for name in names]
    made = [found() for module in modules for found in vars(module).values() if _is_driver(found, module.__name__)]
    return MappingProxyType({one.slug: one for one in made})


def offered() -> dict[str, Driver]:
    """Return the gateways of which a shop may open an account: what only staff confirm needs none."""
    return {slug: driver for slug, driver in drivers().items() if driver.is_for_buyers}


def is_ready(account: GatewayAccount) -> bool:
    """Tell whether buyers may pay through this account now."""
    driver = drivers().get(account.driver)
    return driver is not None and driver.is_for_buyers and account.is_enabled and driver.is_ready(account)


def usable(*, tenant: Tenant) -> list[GatewayAccount]:
    """Return the accounts through which a shop's buyers can pay: its own, then those the platform lends it."""
    return [copy.copy(account) for account in _usable.get(tenant.pk)]


def closed() -> list[GatewayAccount]:
    """Return accounts that are switched on and cannot be used: what they need is not there."""
    rows = GatewayAccount.objects.filter(is_enabled=True, driver__in=offered()).select_related("tenant").order_by("pk")
    return [account for account in rows if driver_of(account.driver).fields and not is_ready(account)]


def may_use(account: GatewayAccount, *, tenant_id: int) -> bool:
    """Tell whether a shop's orders may be paid through an account: its own, or one of the platform's that is lent to it."""
    if account.tenant_id == tenant_id:
        return True
    return account.tenant.is_root and account.lent_to.filter(pk=tenant_id).exists()


def _usable_at(tenant_id: int) -> list[GatewayAccount]:
    rows = GatewayAccount.objects.filter(Q(tenant=tenant_id) | Q(tenant__parent=None, lent_to=tenant_id)).distinct()
    return sorted((account for account in rows if is_ready(account)), key=lambda one: (one.tenant_id != tenant_id, one.pk))


_usable = Remembered("shop", "keys", load=_usable_at)


def _is_driver(found: Any, module: str) -> bool:
    return inspect.isclass(found) and issubclass(found, Driver) and found is not Driver and found.__module__ == module
