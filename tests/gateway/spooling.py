"""Lines and wallets for the tests of the spool."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from accounts.models import ApiKey, Membership
from billing import leases, ledger
from billing.models import LedgerAccount
from foundation.ids import uuid7
from gateway.spool import Line
from tests.billing.conftest import grant, make_key, make_member


@dataclass(frozen=True)
class Customer:
    """A funded customer whose wallet is leased to one live worker."""

    member: Membership
    key: ApiKey
    main: int
    sink: int
    margin: int
    worker_id: uuid.UUID

    def line(self, price: int = 10, **changes: Any) -> Line:
        sink = min(price, 8)
        fields: dict[str, Any] = {
            "id": uuid7(), "key": self.key.pk, "tenant": self.member.tenant_id, "member": self.member.pk, "main": self.main,
            "price": price, "numerator": str(price * 1_000_000 - 5), "parts": [[self.main, price]] if price else [],
            "splits": [one for one in ([self.sink, sink], [self.margin, price - sink]) if one[1]], "budgets": [], "book": "list:1",
            "usage": {"input": 3, "cache_read": 4, "output": 5}, "source": "upstream", "model": "gpt-x", "upstream_model": "gpt-x-1",
            "channel": 1, "channel_key": 2, "cost": 6, "status": "ok", "stream": True, "first_ms": 12, "total_ms": 34, "tried": [1],
        }  # fmt: skip
        return Line(**(fields | changes))

    def wallet(self) -> LedgerAccount:
        return LedgerAccount.objects.get(pk=self.main)


def customer(*, funds: int = 1000, leased: int = 500, worker_id: uuid.UUID | None = None, slug: str = "shop") -> Customer:
    """Open a shop with one customer and lease a part of the wallet to a worker."""
    member = make_member(slug=slug)
    grant(member, funds)
    if worker_id is None:
        worker_id = uuid.uuid4()
        leases.register(worker_id=worker_id, node="test")
    if leased:
        leases.take(worker_id=worker_id, wallet=member.pk, need=leased, want=0, whole=leased, known=[], budgets=[])
    return Customer(
        member=member,
        key=make_key(member),
        main=ledger.wallet(membership_id=member.pk).pk,
        sink=ledger.account(kind="sink_usage").pk,
        margin=ledger.account(kind="margin", tenant_id=member.tenant_id).pk,
        worker_id=worker_id,
    )


def money(customer: Customer) -> tuple[int, int]:
    """Return (balance, held) of the wallet."""
    wallet = customer.wallet()
    return wallet.balance, wallet.held
