"""Databases as one-api, new-api and one-hub make them (tables, columns, defaults), on SQLite, MySQL or PostgreSQL, filled by number.

`make` writes people, tokens, channels, redemptions and options that follow from a seed; a table may be changed afterwards through
the returned connection. Every password is the one of `PASSWORD`; token n has the secret of `secret_of(n)`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import bcrypt

PASSWORD = "one-api password"
BCRYPT = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4, prefix=b"2a")).decode()
ROOT_QUOTA = 500_000_000_000_000
FIRST_LOG = 1_785_542_400  # 2026-08-01

_USERS = """
id INTEGER PRIMARY KEY, username VARCHAR(64) UNIQUE, password VARCHAR(200) NOT NULL, display_name VARCHAR(64), role INTEGER DEFAULT 1,
status INTEGER DEFAULT 1, email VARCHAR(64), github_id VARCHAR(64), wechat_id VARCHAR(64), lark_id VARCHAR(64), oidc_id VARCHAR(64),
access_token CHAR(32), quota BIGINT DEFAULT 0, used_quota BIGINT DEFAULT 0, request_count INTEGER DEFAULT 0,
{group} VARCHAR(32) DEFAULT 'default', aff_code VARCHAR(32), inviter_id INTEGER
"""
_TOKENS = """
id INTEGER PRIMARY KEY, user_id INTEGER, {key} CHAR(48), status INTEGER DEFAULT 1, name VARCHAR(64), created_time BIGINT,
accessed_time BIGINT, expired_time BIGINT DEFAULT -1, remain_quota BIGINT DEFAULT 0, unlimited_quota BOOLEAN DEFAULT FALSE,
used_quota BIGINT DEFAULT 0
"""
_CHANNELS = """
id INTEGER PRIMARY KEY, type INTEGER DEFAULT 0, {key} TEXT, status INTEGER DEFAULT 1, name VARCHAR(64), weight INTEGER DEFAULT 0,
created_time BIGINT, test_time BIGINT, response_time INTEGER, base_url VARCHAR(200) DEFAULT '', other TEXT, balance DOUBLE PRECISION,
balance_updated_time BIGINT, models TEXT, {group} VARCHAR(32) DEFAULT 'default', used_quota BIGINT DEFAULT 0, model_mapping TEXT,
priority BIGINT DEFAULT 0
"""
_REDEMPTIONS = """
id INTEGER PRIMARY KEY, user_id INTEGER, {key} CHAR(32), status INTEGER DEFAULT 1, name VARCHAR(64), quota BIGINT DEFAULT 100,
created_time BIGINT, redeemed_time BIGINT
"""
_LOGS = """
id INTEGER PRIMARY KEY, user_id INTEGER, created_at BIGINT, type INTEGER, content TEXT, username VARCHAR(64) DEFAULT '',
token_name VARCHAR(64) DEFAULT '', model_name VARCHAR(64) DEFAULT '', quota INTEGER DEFAULT 0, prompt_tokens INTEGER DEFAULT 0,
completion_tokens INTEGER DEFAULT 0, channel_id INTEGER
"""
_PRICES = '"model" VARCHAR(100), "type" VARCHAR(20), "channel_type" INTEGER, "input" DECIMAL(20, 8), "output" DECIMAL(20, 8)'
_MORE = {
    "one-api": {
        "tokens": ", models TEXT, subnet VARCHAR(200) DEFAULT ''",
        "channels": ", config TEXT, system_prompt TEXT",
        "logs": ", request_id VARCHAR(64) DEFAULT '', elapsed_time BIGINT DEFAULT 0, is_stream BOOLEAN DEFAULT FALSE",
    },
    "new-api": {
        "users": ", deleted_at TIMESTAMP NULL, setting TEXT, aff_quota BIGINT DEFAULT 0",
        "tokens": ", deleted_at TIMESTAMP NULL, model_limits_enabled BOOLEAN DEFAULT FALSE, model_limits TEXT, allow_ips TEXT,"
        " {group} VARCHAR(32) DEFAULT ''",
        "channels": ", open_ai_organization VARCHAR(64), test_model VARCHAR(64), auto_ban INTEGER DEFAULT 1, tag VARCHAR(64),"
        " setting TEXT, param_override TEXT, header_override TEXT, channel_info TEXT, status_code_mapping TEXT",
        "logs": ", use_time INTEGER DEFAULT 0, is_stream BOOLEAN DEFAULT FALSE, token_id INTEGER DEFAULT 0,"
        " {group} VARCHAR(64), ip VARCHAR(64), other TEXT",
        "redemptions": ", used_user_id INTEGER, expired_time BIGINT DEFAULT 0, deleted_at TIMESTAMP NULL",
    },
}
_MORE["one-hub"] = {
    "users": ", deleted_at TIMESTAMP NULL",
    "tokens": ", deleted_at TIMESTAMP NULL, {group} VARCHAR(32) DEFAULT '', backup_group VARCHAR(32) DEFAULT '', setting TEXT",
    "channels": ", proxy VARCHAR(255) DEFAULT '', test_model VARCHAR(50) DEFAULT '', tag VARCHAR(64) DEFAULT '', deleted_at TIMESTAMP NULL",
    "redemptions": ", deleted_at TIMESTAMP NULL",
    "logs": ", request_time INTEGER DEFAULT 0",
}
PRICES = [
    {"model": "gpt-4o", "type": "tokens", "channel_type": 1, "input": 1.25, "output": 5},
    {"model": "claude-x", "type": "tokens", "channel_type": 14, "input": 0.35, "output": 0.4},
    {"model": "dall-e-3", "type": "times", "channel_type": 1, "input": 20, "output": 0},
]
GROUPS = [{"id": 1, "symbol": "default", "name": "Default", "ratio": 1}, {"id": 2, "symbol": "vip", "name": "VIP", "ratio": 0.8}]
OPTIONS = {
    "ModelRatio": json.dumps({"gpt-4o-mini": 0.075, "gpt-4o": 1.25, "claude-sonnet-4": 1.5}),
    "CompletionRatio": json.dumps({"gpt-4o-mini": 4, "gpt-4o": 4, "claude-sonnet-4": 5}),
    "GroupRatio": json.dumps({"default": 1, "vip": 0.8}),
    "ModelPrice": json.dumps({"dall-e-3": 0.04}),
}


@dataclass
class Database:
    """A written database; `run` changes it with `?` for values."""

    connection: Any
    product: str
    kind: str

    def run(self, sql: str, values: Sequence[Any] = ()) -> None:
        """Execute one statement, its names in double quotes."""
        self._cursor().execute(self._told(sql), values)
        self.connection.commit()

    def insert(self, table: str, rows: Iterable[dict[str, Any]]) -> None:
        """Insert rows of the same columns."""
        found = list(rows)
        if found:
            names = ", ".join(f'"{name}"' for name in found[0])
            marks = ", ".join("?" for _ in found[0])
            told = self._told(f'INSERT INTO "{table}" ({names}) VALUES ({marks})')  # noqa: S608  # names of this file
            self._cursor().executemany(told, [tuple(row.values()) for row in found])
            self.connection.commit()

    def _cursor(self) -> Any:
        return self.connection.cursor()

    def _told(self, sql: str) -> str:
        if self.kind == "mysql":
            sql = sql.replace('"', "`")
        return sql if self.kind == "sqlite" else sql.replace("?", "%s")


def secret_of(number: int) -> str:
    """Return what the client of a token sends: `sk-` and 48 characters."""
    return f"sk-{number:016d}AbCdEfGhIjKlMnOpQrStUvWxYz012345"


def code_of(number: int) -> str:
    """Return a redemption code: 32 hexadecimal digits."""
    return f"{number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % (1 << 128):032x}"


def make(
    connection: Any, *, product: str, kind: str, people: int = 0, tokens: int = 0, channels: int = 0, codes: int = 0, logs: int = 0
) -> Database:
    """Write the tables and that many rows; person 1 is root with its symbolic balance, one in ten has no address."""
    made = Database(connection, product, kind)
    quote = {"group": '"group"', "key": '"key"'}
    for table, columns in {"users": _USERS, "tokens": _TOKENS, "channels": _CHANNELS, "redemptions": _REDEMPTIONS, "logs": _LOGS}.items():
        made.run(f'CREATE TABLE "{table}" ({(columns + _MORE[product].get(table, "")).format(**quote)})')
    made.run('CREATE TABLE "options" ("key" VARCHAR(191) PRIMARY KEY, "value" TEXT)')
    if product == "one-hub":
        made.run(f'CREATE TABLE "prices" ({_PRICES})')
        made.run('CREATE TABLE "user_groups" ("id" INTEGER PRIMARY KEY, "symbol" VARCHAR(50), "name" VARCHAR(50), "ratio" DECIMAL(10, 2))')
        made.insert("prices", PRICES)
        made.insert("user_groups", GROUPS)
    made.insert("options", [{"key": name, "value": value} for name, value in OPTIONS.items()])
    made.insert("users", (person(number) for number in range(1, people + 1)))
    made.insert("tokens", (token(number, people=people) for number in range(1, tokens + 1)))
    made.insert("channels", (channel(number) for number in range(1, channels + 1)))
    made.insert("redemptions", (redemption(number) for number in range(1, codes + 1)))
    made.insert("logs", (log(number, people=people) for number in range(1, logs + 1)))
    return made


def person(number: int, **fields: Any) -> dict[str, Any]:
    """Return a row of `users`; the balance follows from the number."""
    is_root = number == 1
    row = {
        "id": number,
        "username": "root" if is_root else f"user{number}",
        "password": BCRYPT,
        "display_name": "Root User" if is_root else f"User {number}",
        "role": 100 if is_root else 1,
        "status": 1,
        "email": "" if is_root or number % 10 == 0 else f"user{number}@moved.test",
        "quota": ROOT_QUOTA if is_root else number * 7_919 % 1_000_003,
        "used_quota": number,
        "group": "vip" if number % 5 == 0 else "default",
    }
    return row | fields


def token(number: int, *, people: int = 1, **fields: Any) -> dict[str, Any]:
    """Return a row of `tokens`; every third is unlimited."""
    row = {
        "id": number,
        "user_id": (number - 1) % people + 1,
        "key": secret_of(number).removeprefix("sk-"),
        "status": 1,
        "name": f"key {number}",
        "expired_time": -1,
        "remain_quota": 500_000,
        "unlimited_quota": number % 3 == 0,
        "used_quota": number % 100,
    }
    return row | fields


def channel(number: int, **fields: Any) -> dict[str, Any]:
    """Return a row of `channels`: OpenAI's protocol at an address of its own."""
    row = {
        "id": number,
        "type": 1,
        "key": f"sk-upstream-{number:04d}-secret",
        "status": 1 if number % 7 else 2,
        "name": f"channel {number}",
        "weight": 0,
        "base_url": f"http://127.0.0.1:9/{number}",
        "models": "gpt-4o-mini,gpt-4o",
        "group": "default,vip",
        "model_mapping": '{"gpt-4o": "gpt-4o-2024-11-20"}',
        "priority": number % 3,
    }
    return row | fields


def redemption(number: int, **fields: Any) -> dict[str, Any]:
    """Return a row of `redemptions`; every fourth was redeemed."""
    return {
        "id": number,
        "user_id": 1,
        "key": code_of(number),
        "status": 3 if number % 4 == 0 else 1,
        "name": "spring",
        "quota": 500_000,
    } | fields


def log(number: int, *, people: int = 1, **fields: Any) -> dict[str, Any]:
    """Return a row of `logs`: a call half a minute after the one before, from 2026-08 on; every hundredth is a top-up."""
    is_top_up = number % 100 == 0
    return {
        "id": number,
        "user_id": (number - 1) % max(1, people) + 1,
        "created_at": FIRST_LOG + number * 5,
        "type": 1 if is_top_up else 2,
        "content": "redeemed 500000" if is_top_up else "ratio 1.25 × 4",
        "username": f"user{number}",
        "token_name": "" if is_top_up else f"key {number % 7}",
        "model_name": "" if is_top_up else "gpt-4o",
        "quota": 500_000 if is_top_up else number % 5_000,
        "prompt_tokens": 0 if is_top_up else number % 800,
        "completion_tokens": 0 if is_top_up else number % 90,
        "channel_id": 1,
    } | fields
