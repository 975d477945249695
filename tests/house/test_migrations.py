"""Migrations are complete, named, linear and reversible."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader

from tests.house import code


@pytest.fixture(scope="module")
def ours() -> dict[tuple[str, str], Migration]:
    loader = MigrationLoader(None, replace_migrations=False)
    return {key: migration for key, migration in loader.disk_migrations.items() if key[0] in code.ROOMS}


@pytest.mark.django_db
def test_no_migration_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        call_command("makemigrations", check_changes=True, dry_run=True)
    except SystemExit:
        pytest.fail(capsys.readouterr().out)


def test_each_migration_has_a_name(ours: dict[tuple[str, str], Migration]) -> None:
    assert [key for key in ours if "_auto_" in key[1]] == []


def test_each_room_has_one_line_of_migrations(ours: dict[tuple[str, str], Migration]) -> None:
    for room in code.ROOMS:
        names = sorted(name for app, name in ours if app == room)
        before = {name: [parent for app, parent in ours[room, name].dependencies if app == room] for name in names}
        assert before == {name: ([names[index - 1]] if index else []) for index, name in enumerate(names)}


def test_each_migration_can_be_undone(ours: dict[tuple[str, str], Migration]) -> None:
    stuck = [
        (key, operation.describe()) for key, migration in ours.items() for operation in migration.operations if not operation.reversible
    ]
    assert stuck == []
