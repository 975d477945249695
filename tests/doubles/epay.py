"""An epay gateway: verifies what shops sign, keeps orders, signs its notifications. It makes the signature its own way."""

from __future__ import annotations

import hashlib
import json
import urllib.parse
import urllib.request
from typing import Any

from tests.doubles.web import Asked, Given, Service


def md5(values: dict[str, str], key: str) -> str:
    """The signature as the gateway's PHP makes it: sorted, raw, key appended."""
    parts = []
    for name in sorted(values):
        if name in ("sign", "sign_type") or values[name] == "":
            continue
        parts.append(name + "=" + values[name])
    return hashlib.md5(("&".join(parts) + key).encode("utf-8"), usedforsecurity=False).hexdigest()


class EpayGateway(Service):
    """One merchant. `orders` by the shop's number; `pay` settles one and tells the shop."""

    def __init__(self, *, pid: str = "1001", key: str = "WWc3Z2jkK7jhNGPALcGKjHLPK47wRK85", port: int = 0) -> None:
        super().__init__(port)
        self.pid, self.key = pid, key
        self.orders: dict[str, dict[str, str]] = {}
        self.is_silent = False
        self.makes: dict[str, object] = {"code": 1, "qrcode": "weixin://wxpay/bizpayurl?pr=keyosk"}

    def handle(self, asked: Asked) -> Given:
        if asked.path == "/submit.php":
            return self._cashier(asked.query if asked.method == "GET" else asked.form)
        if asked.path == "/pay":
            return self._button(asked.query)
        if asked.path == "/mapi.php" and asked.method == "POST" and not self.is_silent:
            return self._make(asked.form)
        if asked.path != "/api.php" or self.is_silent:
            return Given(b"", 502)
        return self._api({**asked.query, **asked.form})

    def _cashier(self, values: dict[str, str]) -> Given:
        if values.get("pid") != self.pid or values.get("sign") != md5(values, self.key):
            return Given("签名错误".encode(), 400)
        self.orders.setdefault(values["out_trade_no"], {**values, "trade_no": f"2026{len(self.orders) + 1:012d}", "status": "0"})
        page = f'<form action="/pay"><button name="order" value="{values["out_trade_no"]}" id="pay">Pay {values["money"]}</button></form>'
        return Given(page.encode(), 200, {"content-type": "text/html; charset=utf-8"})

    def _make(self, values: dict[str, str]) -> Given:
        """What the interface answers to a shop's server: `makes`, once the payment is there."""
        needed = ("pid", "type", "out_trade_no", "notify_url", "name", "money", "clientip", "sign")
        if not all(values.get(name) for name in needed) or values["sign"] != md5(values, self.key):
            return _json({"code": -1, "msg": "签名校验失败"})
        self.orders[values["out_trade_no"]] = {**values, "trade_no": f"2026{len(self.orders) + 1:012d}", "status": "0"}
        return _json({"msg": "", "trade_no": self.orders[values["out_trade_no"]]["trade_no"], **self.makes})

    def _button(self, query: dict[str, str]) -> Given:
        order = self.orders[query["order"]]
        self.pay(query["order"])
        return Given(b"", 303, {"location": order["return_url"]})

    def _api(self, values: dict[str, str]) -> Given:
        if (values.get("pid"), values.get("key")) != (self.pid, self.key):
            return _json({"code": -3, "msg": "商户ID或密钥错误"})
        order = self.orders.get(values.get("out_trade_no", ""))
        match values.get("act"):
            case "query":
                return _json({"code": 1, "pid": self.pid, "active": 1, "money": "0.00"})
            case "order" if order:
                shown = {name: order[name] for name in ("trade_no", "out_trade_no", "name", "money")}
                return _json(
                    {"code": 1, "msg": "succ", "pid": self.pid, "type": order.get("type", ""), **shown, "status": int(order["status"])}
                )
            case "refund" if order and order["status"] == "1":
                order["refunded"] = values["money"]
                return _json({"code": 1, "msg": "退款成功", "trade_no": order["trade_no"]})
        return _json({"code": -1, "msg": "订单号不存在"})

    def message(self, number: str, **changes: str) -> dict[str, str]:
        """Return the signed fields of a notification; `changes` are made before signing."""
        order = self.orders[number]
        values = {
            "pid": self.pid,
            "trade_no": order["trade_no"],
            "out_trade_no": number,
            "type": order.get("type") or "alipay",
            "name": order["name"],
            "money": order["money"],
            "trade_status": "TRADE_SUCCESS",
        } | changes
        return {**values, "sign": md5(values, self.key), "sign_type": "MD5"}

    def pay(self, number: str, *, method: str = "GET", **changes: str) -> str:
        """Mark an order paid and tell the shop; return what it answered."""
        self.orders[number]["status"] = "1"
        return send(self.orders[number]["notify_url"], self.message(number, **changes), method=method)


def send(url: str, values: dict[str, str], *, method: str = "GET") -> str:
    """Deliver a notification and return the answer's text."""
    fields = urllib.parse.urlencode(values)
    request = urllib.request.Request(f"{url}?{fields}") if method == "GET" else urllib.request.Request(url, data=fields.encode())
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(answer.read().decode())


def _json(value: dict[str, Any]) -> Given:
    return Given(json.dumps(value, ensure_ascii=False).encode())
