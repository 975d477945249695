"""Moving in on the command line."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Origin, Tenant
from tests.doubles import oneapi_database

pytestmark = pytest.mark.django_db


@pytest.fixture
def dsn(tmp_path: Path, root_tenant: Tenant) -> str:
    """A small one-api."""
    path = tmp_path / "one-api.db"
    with closing(sqlite3.connect(path)) as connection:
        oneapi_database.make(connection, product="one-api", kind="sqlite", people=12, tokens=12, channels=2, codes=4)
    return str(path)


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("import_oneapi", *arguments, stdout=out)
    return out.getvalue()


def test_a_dry_run_says_what_would_come(dsn: str) -> None:
    told = run("--source", "one-api", "--dsn", dsn, "--dry-run")
    assert told.splitlines()[:7] == [
        "what      moved  known  left",
        "prices    4      0      0",
        "groups    2      0      0",
        "people    12     0      0",
        "sub-keys  12     0      0",
        "codes     3      0      1",
        "channels  2      0      0",
    ]
    assert "people 1: root was staff there" in told
    assert told.endswith("Nothing was changed.\n")
    assert Origin.objects.count() == 0


def test_findings_are_written_to_a_file_and_told_as_json(dsn: str, tmp_path: Path) -> None:
    answer = json.loads(run("--source", "one-api", "--dsn", dsn, "--json", "--report", str(tmp_path / "report")))
    lines = [json.loads(line) for line in (tmp_path / "report").read_text(encoding="utf-8").splitlines()]
    assert lines == answer["findings"]
    assert answer["sums"]["in the source, µ$"] == answer["sums"]["in wallets here, less debts, µ$"]
    assert oneapi_database.BCRYPT not in json.dumps(answer)
    assert oneapi_database.secret_of(1) not in json.dumps(answer)


def test_the_dsn_may_stand_in_a_file(dsn: str, tmp_path: Path) -> None:
    (tmp_path / "dsn").write_text(f"{dsn}\n", encoding="utf-8")
    assert run("--source", "one-api", "--dsn", f"@{tmp_path}/dsn", "--only", "people").startswith("what    moved")
    with pytest.raises(CommandError, match="No such file"):
        run("--source", "one-api", "--dsn", "@/nowhere/dsn")


def test_what_cannot_be_read_is_told(dsn: str) -> None:
    with pytest.raises(CommandError, match="looks like a database of one-api: say --source one-api"):
        run("--source", "new-api", "--dsn", dsn)
    with pytest.raises(CommandError, match="there is no file"):
        run("--source", "one-api", "--dsn", "/nowhere/x.db")
    with pytest.raises(CommandError, match="at most 40 characters"):
        run("--source", "one-api", "--dsn", dsn, "--label", "x" * 41)
