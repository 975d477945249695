"""A shop that answers tools of one-api or new-api, and a customer with an access token."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from accounts import access_tokens
from accounts.models import Membership, Tenant
from billing import chart, ledger


@dataclass(frozen=True)
class Tool:
    """A tool that has the customer's token."""

    client: Client
    member: Membership
    secret: str

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Return status and body."""
        sent = {"HTTP_HOST": "shop.test", "HTTP_AUTHORIZATION": self.secret, **headers}
        values = {} if body is None else {"data": body, "content_type": "application/json"}
        answer = getattr(self.client, method)(path, **values, **sent)
        return answer.status_code, answer.json()


@pytest.fixture
def tool(client: Client, tenant: Tenant, end_user: Membership) -> Callable[..., Tool]:
    """Return a maker of tools for a dialect."""

    def make(dialect: str = "one-api", scopes: tuple[str, ...] = access_tokens.CUSTOMER_SCOPES) -> Tool:
        Tenant.objects.filter(pk=tenant.pk).update(facade=dialect)
        return Tool(client, end_user, access_tokens.issue(membership=end_user, name="tool", scopes=scopes).secret)

    return make


@pytest.fixture
def funded(end_user: Membership) -> None:
    """Three dollars in the wallet."""
    issuer, wallet = chart.account(kind="issuer").pk, ledger.wallet(membership_id=end_user.pk).pk
    ledger.transfer(kind="grant", key="three", src_id=issuer, dst_id=wallet, amount=3_000_000)
