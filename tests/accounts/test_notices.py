"""Staff are told by the messenger they chose; each service gets its own wire shape."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core import mail

from accounts import events, notices
from accounts.models import NotificationTarget, Tenant
from foundation import outbound, outbox
from foundation.models import OutboxMessage

pytestmark = pytest.mark.django_db
CASES = [
    (
        "telegram",
        "4711",
        "https://api.telegram.org/bothidden-credential/sendMessage",
        {"chat_id": "4711", "text": "[Tea House] Order paid\nnumber: A1"},
    ),
    ("bark", "", "https://api.day.app/push", {"device_key": "hidden-credential", "title": "[Tea House] Order paid", "body": "number: A1"}),
    ("serverchan", "", "https://sctapi.ftqq.com/hidden-credential.send", {"title": "[Tea House] Order paid", "desp": "number: A1"}),
    (
        "wecom",
        "",
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=hidden-credential",
        {"msgtype": "text", "text": {"content": "[Tea House] Order paid\nnumber: A1"}},
    ),
    ("http", "https://ops.example/x", "https://ops.example/x", {"title": "[Tea House] Order paid", "body": "number: A1"}),
]


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """What would leave the house: these services are not ours to call."""
    sent: list[tuple[str, Any]] = []

    def request(method: str, url: str, *, content: bytes, **_rest: Any) -> outbound.Response:
        sent.append((url, json.loads(content)))
        return outbound.Response(status=200, headers=(), body=b"")

    monkeypatch.setattr(outbound, "request", request)
    return sent


def target(tenant: Tenant, preset: str, address: str, credential: str = "hidden-credential") -> NotificationTarget:
    return NotificationTarget.objects.create(
        tenant=tenant, preset=preset, address=address, sealed=notices.seal(credential), events=["order.paid"]
    )


@pytest.mark.parametrize(("preset", "address", "url", "body"), CASES)
def test_each_service_gets_its_wire_shape(
    tenant: Tenant, wire: list[tuple[str, Any]], preset: str, address: str, url: str, body: object
) -> None:
    row = target(tenant, preset, address)
    events.emit(tenant_id=tenant.pk, kind="order.paid", data={"number": "A1"}, key="A1")
    assert "hidden-credential" not in str(OutboxMessage.objects.values_list("payload", flat=True))
    assert "hidden-credential" not in row.sealed
    assert outbox.deliver() == 1
    assert wire == [(url, body)]


def test_an_address_gets_a_mail_once(tenant: Tenant) -> None:
    target(tenant, "email", "ops@shop.test", credential="")
    for _ in range(2):
        events.emit(tenant_id=tenant.pk, kind="order.paid", data={"number": "A1"}, key="A1")
    outbox.deliver()
    outbox.deliver()
    assert [(one.to, one.subject) for one in mail.outbox] == [(["ops@shop.test"], "[Tea House] Order paid")]
    assert "number: A1" in mail.outbox[0].body


def test_the_shops_language_is_spoken(tenant: Tenant) -> None:
    assert notices.text(kind="order.paid", data={}, language="zh-hans")[0] == "订单已支付"


@pytest.mark.parametrize(
    ("preset", "answer", "says"),
    [
        ("telegram", {"ok": False, "description": "chat not found"}, "ok=False chat not found"),
        ("bark", {"code": 400, "message": "device key is empty"}, "code=400 device key is empty"),
        ("serverchan", {"code": 40001, "message": "bad sendkey"}, "code=40001 bad sendkey"),
        ("wecom", {"errcode": 93000, "errmsg": "invalid webhook url"}, "errcode=93000 invalid webhook url"),
    ],
)
def test_a_refusal_in_a_200_is_tried_again(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch, preset: str, answer: dict[str, Any], says: str
) -> None:
    said = [outbound.Response(status=200, headers=(), body=json.dumps(answer).encode())]
    monkeypatch.setattr(outbound, "request", lambda *_args, **_rest: said[0])
    target(tenant, preset, "4711" if preset == "telegram" else "")
    events.emit(tenant_id=tenant.pk, kind="order.paid", data={"number": "A1"}, key="A1")
    assert outbox.deliver() == 0
    row = OutboxMessage.objects.get()
    assert (row.state, row.error) == ("waiting", f"NotTold: answered {says}")
    good = {"telegram": {"ok": True}, "bark": {"code": 200}, "serverchan": {"code": 0}, "wecom": {"errcode": 0, "errmsg": "ok"}}
    said[0] = outbound.Response(status=200, headers=(), body=json.dumps(good[preset]).encode())
    OutboxMessage.objects.update(available_at=row.created_at)
    assert outbox.deliver() == 1
