"""Staff are told by the messenger they chose; each service gets its own wire shape."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from django.core import mail

from accounts import events, notices
from accounts.models import NotificationTarget, Tenant
from foundation import outbound, outbox
from foundation.models import OutboxMessage
from tests.doubles.messengers import Messengers

pytestmark = pytest.mark.django_db
CREDENTIAL = "hidden-credential"
CASES = [
    ("telegram", "4711", {"chat_id": "4711", "text": "[Tea House] Order paid\nnumber: A1"}),
    ("bark", "", {"device_key": CREDENTIAL, "title": "[Tea House] Order paid", "body": "number: A1"}),
    ("serverchan", "", {"title": "[Tea House] Order paid", "desp": "number: A1"}),
    ("wecom", "", {"msgtype": "text", "text": {"content": "[Tea House] Order paid\nnumber: A1"}}),
]


@pytest.fixture
def messengers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Messengers]:
    """The services, here."""
    with Messengers(CREDENTIAL) as service:
        monkeypatch.setattr(notices, "SERVICES", dict.fromkeys(notices.SERVICES, service.url))
        monkeypatch.setattr(outbound, "is_public", lambda address: True)
        yield service


def target(tenant: Tenant, preset: str, address: str, credential: str = CREDENTIAL) -> NotificationTarget:
    return NotificationTarget.objects.create(
        tenant=tenant, preset=preset, address=address, sealed=notices.seal(credential), events=["order.paid"]
    )


def test_each_service_is_where_its_documentation_says() -> None:
    assert notices.SERVICES == {
        "telegram": "https://api.telegram.org",
        "bark": "https://api.day.app",
        "serverchan": "https://sctapi.ftqq.com",
        "wecom": "https://qyapi.weixin.qq.com",
    }


@pytest.mark.parametrize(("preset", "address", "body"), CASES)
def test_each_service_takes_what_it_gets(tenant: Tenant, messengers: Messengers, preset: str, address: str, body: object) -> None:
    row = target(tenant, preset, address)
    events.emit(tenant_id=tenant.pk, kind="order.paid", data={"number": "A1"}, key="A1")
    assert CREDENTIAL not in str(OutboxMessage.objects.values_list("payload", flat=True))
    assert CREDENTIAL not in row.sealed
    assert outbox.deliver() == 1
    assert messengers.told == [(preset, body)]


@pytest.mark.parametrize(("preset", "address"), [case[:2] for case in CASES])
def test_long_texts_are_cut_to_what_a_service_takes(tenant: Tenant, messengers: Messengers, preset: str, address: str) -> None:
    target(tenant, preset, address)
    events.emit(tenant_id=tenant.pk, kind="order.paid", data={"words": "字" * 5_000}, key="A1")
    assert outbox.deliver() == 1
    assert [name for name, _ in messengers.told] == [preset]


@pytest.mark.parametrize("preset", ["http", "bark"])
def test_a_server_of_ones_own_is_told_there(tenant: Tenant, monkeypatch: pytest.MonkeyPatch, preset: str) -> None:
    monkeypatch.setattr(outbound, "is_public", lambda address: True)
    with Messengers(CREDENTIAL) as own:
        target(tenant, preset, f"{own.url}/push" if preset == "http" else f"{own.url}/")
        events.emit(tenant_id=tenant.pk, kind="order.paid", data={"number": "A1"}, key="A1")
        outbox.deliver()
        assert [(asked.method, asked.path) for asked in own.asked] == [("POST", "/push")]
        assert json.loads(own.asked[0].body)["body"] == "number: A1"


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
    ("preset", "says"),
    [
        ("telegram", "answered 401"),
        ("bark", "answered code=400 failed to get device token: failed to get [device_key]"),
        ("serverchan", "answered code=40001 [AUTH]bad sendkey"),
        ("wecom", "answered errcode=93000 invalid webhook url, hint: [1]"),
    ],
)
def test_a_refusal_is_tried_again(tenant: Tenant, messengers: Messengers, preset: str, says: str) -> None:
    target(tenant, preset, "4711" if preset == "telegram" else "")
    messengers.credential = "another"
    events.emit(tenant_id=tenant.pk, kind="order.paid", data={"number": "A1"}, key="A1")
    assert outbox.deliver() == 0
    row = OutboxMessage.objects.get()
    assert (row.state, row.error, messengers.told) == ("waiting", f"NotTold: {says}", [])
    messengers.credential = CREDENTIAL
    OutboxMessage.objects.update(available_at=row.created_at)
    assert outbox.deliver() == 1
    assert [name for name, _ in messengers.told] == [preset]
