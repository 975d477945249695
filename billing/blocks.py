"""Buyers of whom a shop takes no orders: by mailbox, domain, network or other contact. Those of the sellers above count too.

BadBlock   what was typed names nobody, or everybody; the message says why
"""

from __future__ import annotations

import ipaddress
import re

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts import tenants
from accounts.models import Tenant, User
from billing.models import BuyerBlock
from foundation import mailboxes

# A wider network than this is a country's, not a buyer's.
_WIDEST = {4: 16, 6: 32}
_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
_BETWEEN = re.compile(r"[\s().-]+")

Kind = BuyerBlock.Kind


class BadBlock(ValueError):
    """This blocks nobody, or far too many."""


def add(*, tenant: Tenant, text: str, note: str = "", actor: User | None = None) -> BuyerBlock:
    """Take no more orders of somebody; the same once more changes nothing. Raises BadBlock."""
    kind, value = read(text)
    made, _is_new = BuyerBlock.objects.get_or_create(
        tenant=tenant, value=value, defaults={"kind": kind, "note": note[:200], "actor": actor}
    )
    return made


def read(text: str) -> tuple[Kind, str]:
    """Tell what kind of mark was typed, and spell it as it is compared: `@mail.example` is a domain, 203.0.113.0/24 a network."""
    typed = text.strip().lower()
    name, at, host = typed.rpartition("@")
    if at and _HOST.fullmatch(host):
        return (Kind.EMAIL, mailboxes.canonical(typed)) if name else (Kind.DOMAIN, typed)
    try:
        network = ipaddress.ip_network(typed, strict=False)
    except ValueError:
        return Kind.CONTACT, _contact(typed)
    if network.prefixlen < _WIDEST[network.version]:
        raise BadBlock(_("This network is too wide: at most /%(most)d.") % {"most": _WIDEST[network.version]})
    return Kind.NETWORK, str(network)


def is_blocked(*, tenant: Tenant, email: str, contact: str, address: str | None) -> bool:
    """Tell whether the shop takes no order of a buyer."""
    marks = {_bare(contact)} if contact.strip() else set()
    if email.strip():
        marks |= {mailboxes.canonical(email), f"@{email.strip().lower().rpartition('@')[2]}"}
    rows = BuyerBlock.objects.filter(tenant__in=[step.id for step in tenants.lineage(tenant)])
    if address is None:
        return rows.filter(value__in=marks).exists()
    found = rows.filter(Q(value__in=marks) | Q(kind=Kind.NETWORK)).values_list("kind", "value")
    place = ipaddress.ip_address(address)
    return any(kind != Kind.NETWORK or place in ipaddress.ip_network(value) for kind, value in found)


def _contact(typed: str) -> str:
    """Return a phone number or another contact as it is compared; raise BadBlock where it is none."""
    bare = _bare(typed)
    if len(bare) < 4 or len(bare) > 80:
        raise BadBlock(_("Write an e-mail address, a domain such as @mail.example, a network address, or a phone number or other contact."))
    return bare


def _bare(contact: str) -> str:
    return _BETWEEN.sub("", contact.strip().lower())
