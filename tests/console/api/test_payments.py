"""Payment accounts over the API: secrets go in and never come out, payouts are booked once; none of strangers."""

from __future__ import annotations

import datetime
import json

import pytest
from django.utils import timezone

from accounts.models import AuditEvent, Membership
from billing import gateways, tasks
from billing.models import GatewayAccount, WebhookInbox
from billing.payments.base import secret
from console.admin import payment_doctor
from foundation.models import ScheduledTask
from tests.billing.shop import attempt, sandbox, stocked
from tests.console.api.conftest import program
from tests.console.api.test_orders import pay

pytestmark = pytest.mark.django_db
SECRET = "sk_live_very_secret_1234"
SIGNING = "whsec_very_secret_5678"


def test_an_account_is_added_changed_and_keeps_its_secrets(reseller_owner: Membership) -> None:
    call = program(reseller_owner)
    fields = {one["name"]: one for one in next(one for one in call("GET", "payment-gateways/")[1] if one["slug"] == "stripe")["fields"]}
    secrets = [name for name, one in fields.items() if one["is_secret"]]
    status, made = call("POST", "payment-accounts/", {"driver": "stripe", "name": "Cards", "values": dict.fromkeys(secrets, SECRET)})
    account = GatewayAccount.objects.get()
    assert (status, made["secrets"], made["is_ready"], account.tenant_id) == (201, secrets, True, reseller_owner.tenant_id)
    path = f"payment-accounts/{account.pk}/"
    assert call("PATCH", path, {"name": "Bank cards", "is_enabled": False})[1]["is_enabled"] is False
    assert call("PATCH", path, {"values": {secrets[0]: SIGNING}})[0] == 200
    account.refresh_from_db()
    assert [secret(account, name) for name in secrets] == [SIGNING, *[SECRET] * (len(secrets) - 1)]
    trail = list(AuditEvent.objects.values("before", "after"))
    said = json.dumps([made, call("GET", "payment-accounts/"), call("GET", path), trail])
    assert not [one for one in (SECRET, SIGNING, account.sealed) if one in said]


def test_what_a_gateway_does_not_know_is_refused(reseller_owner: Membership) -> None:
    call = program(reseller_owner)
    status, told = call("POST", "payment-accounts/", {"driver": "stripe", "values": {"moon": "x"}})
    assert (status, list(told["error"]["fields"]), GatewayAccount.objects.count()) == (409, ["values"], 0)
    assert "stripe has no moon" in told["error"]["message"]
    operators = next((driver.slug, one.name) for driver in gateways.drivers().values() for one in driver.fields if one.is_for_operator)
    status, told = call("POST", "payment-accounts/", {"driver": operators[0], "values": {operators[1]: "http://127.0.0.1/"}})
    assert (status, "only the operator may set" in told["error"]["message"]) == (409, True)


def test_a_payout_is_booked_once_and_never_more_than_is_owed(reseller_owner: Membership) -> None:
    account = sandbox(reseller_owner.tenant)
    pay(attempt(stocked(reseller_owner.tenant), account))
    call, path = program(reseller_owner), f"payment-accounts/{account.pk}/payouts/"
    assert call("GET", path)[1] == [{"currency": "CNY", "minor": 3900}]
    body = {"currency": "cny", "received_minor": 3000, "fee_minor": 100, "reference": "po_1"}
    assert [call("POST", path, body) for _ in range(2)] == [(201, [{"currency": "CNY", "minor": 800}])] * 2
    assert call("POST", path, {**body, "reference": "po_2"})[1]["error"]["message"] == "the gateway owes only ¥8.00"
    assert call("POST", f"payment-accounts/{account.pk}/check/")[1] == {"ok": True, "message": ""}


def test_strangers_find_no_account_and_no_message(reseller_owner: Membership, stranger: Membership) -> None:
    account = sandbox(stranger.tenant)
    message = WebhookInbox.objects.create(account=account, event_id="e", kind="paid", body={"signature": "secret"})
    call = program(reseller_owner)
    assert (call("GET", "payment-accounts/")[1]["results"], call("GET", "payment-messages/")[1]["results"]) == ([], [])
    assert [call(method, f"payment-accounts/{account.pk}/", {})[0] for method in ("GET", "PATCH")] == [404, 404]
    assert [call("POST", f"payment-accounts/{account.pk}/{act}/", {})[0] for act in ("check", "payouts")] == [404, 404]
    told = program(stranger, host="elsewhere.test")("GET", f"payment-messages/{message.pk}/")[1]
    assert (told["event_id"], "signature" in json.dumps(told)) == ("e", False)


def test_the_platform_lends_its_own_accounts_and_nobody_else_does(platform_admin: Membership, reseller_owner: Membership) -> None:
    account = sandbox(platform_admin.tenant)
    call = program(platform_admin, host="platform.test")
    row = f"payment-accounts/{account.pk}/"
    lent = {"lent_to": [reseller_owner.tenant.slug], "lent_fee": 250, "lent_days": 9}
    told = call("PATCH", row, lent)[1]
    assert {name: told[name] for name in lent} == lent
    assert gateways.usable(tenant=reseller_owner.tenant) == [account]
    assert call("PATCH", row, {"lent_to": ["nobody"]})[1]["error"]["fields"].keys() == {"lent_to"}
    own = sandbox(reseller_owner.tenant)
    assert program(reseller_owner)("PATCH", f"payment-accounts/{own.pk}/", {"lent_fee": 1})[1]["error"]["code"] == "refused"
    assert program(reseller_owner)("GET", row)[0] == 404
    assert call("PATCH", f"payment-accounts/{own.pk}/", lent)[0] == 409


def test_the_doctor_says_where_messages_go_and_what_waits(reseller_owner: Membership) -> None:
    account = sandbox(reseller_owner.tenant)
    status, told = program(reseller_owner)("POST", f"payment-accounts/{account.pk}/doctor/")
    assert (status, told["is_ready"], told["waiting"][:2]) == (200, True, "0;")
    assert told["address"].endswith(f"/pay/sandbox/{account.token}/webhook/")
    assert told["reached"].startswith("no: ")
    assert told["asked"] == "no: never yet. Look whether workers run."
    tasks.ask_gateways()
    assert payment_doctor.asked().startswith("yes, ")
    ScheduledTask.objects.update(finished_at=timezone.now() - datetime.timedelta(minutes=12, seconds=5))
    assert payment_doctor.asked() == "no: not since 12 minutes. Look whether workers run."
