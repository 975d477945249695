"""A BEpusdt gateway: verifies the shop's signature over literal numbers, gives out addresses, tells every change of state."""

from __future__ import annotations

import hashlib
import json
import urllib.request
from typing import Any

from tests.doubles.web import Asked, Given, Service

TOKEN = "epusdt_password_xasddawqe"


def sign(values: dict[str, Any], token: str) -> str:
    """The gateway's own signature: numbers as its JSON library prints them."""
    parts = [f"{name}={_print(values[name])}" for name in sorted(values) if name != "signature" and values[name] not in ("", None)]
    return hashlib.md5(("&".join(parts) + token).encode(), usedforsecurity=False).hexdigest()


class EpusdtGateway(Service):
    """`invoices` by the shop's number; `tell` sends a state: 1 waiting, 2 paid, 3 expired."""

    def __init__(self, *, port: int = 0) -> None:
        super().__init__(port)
        self.token = TOKEN
        self.invoices: dict[str, dict[str, Any]] = {}

    def handle(self, asked: Asked) -> Given:
        if asked.path != "/api/v1/order/create-transaction":
            return Given(b"<html>pay here</html>", 200, {"content-type": "text/html"})
        wanted = json.loads(asked.body)
        if wanted.get("signature") != sign(wanted, self.token):
            return _json({"status_code": 400, "message": "签名错误", "data": None})
        if not wanted.get("amount"):
            return _json({"status_code": 400, "message": "请求参数错误：Amount", "data": None})
        number = wanted["order_id"]
        trade = f"T{len(self.invoices) + 1:08d}"
        made = {
            "trade_id": trade,
            "order_id": number,
            "amount": wanted["amount"],
            "actual_amount": round(wanted["amount"] / 7.1, 2),
            "token": f"TAddress{len(self.invoices) + 1:026d}",
            "expiration_time": 1_900_000_000,
            "payment_url": f"{self.url}/pay/checkout-counter/{trade}",
        }
        self.invoices[number] = {**made, "notify_url": wanted["notify_url"]}
        return _json({"status_code": 200, "message": "success", "data": made})

    def message(self, number: str, *, status: int = 2, **changes: Any) -> bytes:
        """Return the signed JSON of a state."""
        invoice = self.invoices[number]
        values = {name: invoice[name] for name in ("trade_id", "order_id", "amount", "actual_amount", "token")}
        values |= {"block_transaction_id": "0xabc123" if status == 2 else "", "status": status} | changes
        return json.dumps({**values, "signature": sign(values, self.token)}).encode()

    def tell(self, number: str, *, status: int = 2, **changes: Any) -> str:
        request = urllib.request.Request(
            self.invoices[number]["notify_url"],
            data=self.message(number, status=status, **changes),
            headers={"content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return str(answer.read().decode())


def _print(value: Any) -> str:
    return json.dumps(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)


def _json(value: dict[str, Any]) -> Given:
    return Given(json.dumps(value, ensure_ascii=False).encode())
