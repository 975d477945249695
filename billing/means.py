"""By what buyers can pay, as a shop tells before anything is ordered: the accounts that take so much of a currency, on this device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from django.utils.translation import gettext_lazy as _

from billing import gateways, sellable, store_credit
from billing.models import GatewayAccount
from billing.payments.base import Text

LABELS: Mapping[str, Text] = MappingProxyType(
    {"card": _("Card"), "alipay": _("Alipay"), "wechat": _("WeChat Pay"), "qq": _("QQ Wallet"), "usdt": "USDT"}
)
# What the browser inside an app cannot open.
_CLOSED: Mapping[str, frozenset[str]] = MappingProxyType(
    {"wechat": frozenset({"alipay", "qq"}), "qq": frozenset({"alipay", "wechat"}), "alipay": frozenset({"wechat", "qq"})}
)


@dataclass(frozen=True, slots=True)
class Means:
    """One way to pay: `icon` is what `partials/pay_icon.html` can draw."""

    icon: str
    label: str


def available(accounts: Sequence[GatewayAccount], *, amount_minor: int | None, currency: str, device: str) -> list[Means]:
    """Return by what so much (None: whatever it will be) can be paid on a device, named as in `payments.base.Links`: each once.

    An account whose own way is not known is named as the shop named it. Store credit is for who has some: the order's page offers it.
    """
    found: dict[str, Means] = {}
    for account in accounts:
        if account.driver == store_credit.DRIVER or not _takes(account, amount_minor, currency):
            continue
        kinds = gateways.driver_of(account.driver).means(account)
        open_here = [kind for kind in kinds if kind not in _CLOSED.get(device, frozenset())]
        own = [Means(kind, str(LABELS[kind])) for kind in open_here] if kinds else [Means("other", account.name or account.driver)]
        found |= {one.label: one for one in own if one.label not in found}
    return list(found.values())


def _takes(account: GatewayAccount, amount_minor: int | None, currency: str) -> bool:
    driver = gateways.driver_of(account.driver)
    if driver.currencies and currency not in driver.currencies:
        return sellable.takes(account, currency)
    return amount_minor is None or amount_minor >= driver.least_minor(currency)
