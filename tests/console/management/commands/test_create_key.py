"""create_key."""

from __future__ import annotations

import datetime
import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts import keys
from accounts.models import ApiKey, AuditEvent, Membership, Tenant
from billing import limits

pytestmark = pytest.mark.django_db


def create(*arguments: str) -> dict[str, object]:
    out = io.StringIO()
    call_command("create_key", "--json", *arguments, stdout=out)
    answer: dict[str, object] = json.loads(out.getvalue())
    return answer


def test_a_key_is_issued_with_its_limits(end_user: Membership) -> None:
    answer = create("--user", "ann@shop.test", "--name", "ci", "--models", "a, b", "--rpm", "60", "--networks", "10.0.0.0/8")
    key = ApiKey.objects.get()
    assert set(answer) == {"id", "prefix", "key"}
    assert (answer["id"], answer["prefix"]) == (key.pk, key.prefix)
    assert keys.digest(str(answer["key"])) == key.digest
    assert (key.membership, key.name, key.models_allowed, key.rpm) == (end_user, "ci", ["a", "b"], 60)


def test_allowances_are_typed_in_dollars(end_user: Membership) -> None:
    spans = {"allowance": "2.5", "five-hours": "0.1", "day": "0.2", "week": "1", "month": "2"}
    create("--user", "ann@shop.test", *(f"--{name}-usd={amount}" for name, amount in spans.items()))
    found = limits.state(ApiKey.objects.get().pk)
    assert [(one.scope, one.limit_micros) for one in found.windows] == [
        ("key", 2_500_000), ("5h", 100_000), ("day", 200_000), ("week", 1_000_000), ("month", 2_000_000),
    ]  # fmt: skip


def test_an_allowance_that_is_no_amount_makes_no_key(end_user: Membership) -> None:
    with pytest.raises(CommandError, match="is not an amount"):
        create("--user", "ann@shop.test", "--allowance-usd", "five")
    assert not ApiKey.objects.exists()


def test_the_trail_does_not_hold_the_key(end_user: Membership) -> None:
    answer = create("--user", "ann@shop.test")
    event = AuditEvent.objects.get()
    assert event.tenant == end_user.tenant
    assert str(answer["key"]) not in json.dumps(event.after)


def test_a_person_of_another_place_becomes_a_customer(end_user: Membership, root_tenant: Tenant) -> None:
    create("--user", "ann@shop.test", "--tenant", "platform")
    assert Membership.objects.get(user=end_user.user, tenant=root_tenant).role == "customer"


def test_nobody_is_made_by_a_typing_error(end_user: Membership) -> None:
    with pytest.raises(CommandError, match="nobody has the address"):
        create("--user", "anne@shop.test")
    create("--user", "anne@shop.test", "--new-user", "--tenant", "teahouse")
    assert ApiKey.objects.get().membership.user.email == "anne@shop.test"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2031-02-03", datetime.datetime(2031, 2, 3, tzinfo=datetime.UTC)),
        ("2031-02-03T04:05:06Z", datetime.datetime(2031, 2, 3, 4, 5, 6, tzinfo=datetime.UTC)),
    ],
)
def test_a_key_expires_when_told(end_user: Membership, text: str, expected: datetime.datetime) -> None:
    create("--user", "ann@shop.test", "--expires", text)
    assert ApiKey.objects.get().expires_at == expected


def test_a_key_expires_after_so_many_days(end_user: Membership) -> None:
    before = timezone.now()
    create("--user", "ann@shop.test", "--expires", "30d")
    expires_at = ApiKey.objects.get().expires_at
    assert expires_at is not None
    assert before + datetime.timedelta(days=30) <= expires_at <= timezone.now() + datetime.timedelta(days=30)


@pytest.mark.parametrize(("option", "value"), [("--expires", "soon"), ("--expires", "2031-02-31"), ("--networks", "home")])
def test_nonsense_is_refused_by_name(end_user: Membership, option: str, value: str) -> None:
    with pytest.raises(CommandError, match=option):
        create("--user", "ann@shop.test", option, value)
    assert ApiKey.objects.count() == 0
