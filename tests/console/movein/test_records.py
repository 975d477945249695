"""Rows of one-api and new-api, read for what they mean."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from console.movein import records

NOW = datetime.datetime(2026, 11, 27, tzinfo=datetime.UTC)


def token(**fields: Any) -> records.Token | None:
    return records.token({"id": 1, "user_id": 2, "key": "abc", "status": 1, "expired_time": -1, "unlimited_quota": 1} | fields)


def test_a_deleted_row_is_none() -> None:
    assert records.person({"id": 1, "username": "x", "status": 3}) is None
    assert records.person({"id": 1, "username": "x", "status": 1, "deleted_at": "2026-01-01"}) is None
    assert token(deleted_at="2026-01-01 00:00:00") is None
    assert records.redemption({"id": 1, "key": "x", "status": 1, "quota": 1, "deleted_at": "2026-01-01"}, now=NOW) is None


def test_units_are_two_micros_and_debts_stay_debts() -> None:
    person = records.person({"id": 1, "username": "x", "status": 1, "quota": -3})
    assert person is not None
    assert person.balance_micros == -6


@pytest.mark.parametrize(("password", "kept"), [("$2a$10$abc", "$2a$10$abc"), ("", ""), ("plain text", ""), (None, "")])
def test_only_a_bcrypt_hash_is_a_password(password: str | None, kept: str) -> None:
    person = records.person({"id": 1, "username": "x", "status": 1, "password": password})
    assert person is not None
    assert person.password == kept


@pytest.mark.parametrize(
    ("fields", "models"),
    [
        ({"models": "a, b,,"}, ("a", "b")),
        ({"model_limits_enabled": 1, "model_limits": "a,b"}, ("a", "b")),
        ({"model_limits_enabled": 0, "model_limits": "a,b"}, ()),
        ({"models": None}, ()),
    ],
)
def test_lists_of_models_are_read_where_they_count(fields: dict[str, Any], models: tuple[str, ...]) -> None:
    read = token(**fields)
    assert read is not None
    assert read.models == models


def test_networks_of_both_products() -> None:
    assert token(subnet="10.0.0.0/8, 192.0.2.1").networks == ("10.0.0.0/8", "192.0.2.1/32")  # type: ignore[union-attr]
    assert token(allow_ips="192.0.2.1\n2001:db8::/32").networks == ("192.0.2.1/32", "2001:db8::/32")  # type: ignore[union-attr]
    assert token(subnet="somewhere").networks is None  # type: ignore[union-attr]


@pytest.mark.parametrize("secret", ["abc", "sk-abc"])
def test_clients_send_sk_before_the_key(secret: str) -> None:
    assert token(key=secret).secret == "sk-abc"  # type: ignore[union-attr]


def test_codes_that_are_used_switched_off_or_over_are_none() -> None:
    row = {"id": 1, "key": "x", "name": "n", "status": 1, "quota": 5}
    assert records.redemption(row, now=NOW) == records.Redemption(1, "x", "n", 10, None)
    assert records.redemption(row | {"status": 2}, now=NOW) is None
    assert records.redemption(row | {"status": 3}, now=NOW) is None
    assert records.redemption(row | {"expired_time": int(NOW.timestamp()) - 1}, now=NOW) is None


def test_times_are_seconds_and_never_is_none() -> None:
    assert [records.moment(value) for value in (-1, 0, None)] == [None, None, None]
    assert records.moment(1_764_201_600) == datetime.datetime(2025, 11, 27, tzinfo=datetime.UTC)
    assert records.moment(9_999_999_999_999).year == 9999  # type: ignore[union-attr]


@pytest.mark.parametrize("as_text", [True, False])
def test_one_hub_keeps_a_keys_limits_as_json(as_text: bool) -> None:
    limits = {
        "limit_model_setting": {"enabled": True, "models": ["a", "b"]},
        "limits_ip_setting": {"enabled": True, "whitelist": ["10.0.0.0/8"]},
    }
    read = token(setting=json.dumps({"limits": limits}) if as_text else {"limits": limits})
    assert read is not None
    assert (read.models, read.networks) == (("a", "b"), ("10.0.0.0/8",))
    limits["limit_model_setting"]["enabled"] = limits["limits_ip_setting"]["enabled"] = False
    off = token(setting={"limits": limits})
    assert off is not None
    assert (off.models, off.networks) == ((), ())
