"""`manage.py providers`."""

from __future__ import annotations

from io import StringIO

from django.core.management import call_command

from channels_app import registry


def test_every_vendor_has_a_row() -> None:
    out = StringIO()
    call_command("providers", stdout=out)
    rows = [line.split() for line in out.getvalue().splitlines()]
    assert rows[0] == ["provider", "label", "dialect", "key", "address", "options", "models"]
    assert [row[0] for row in rows[1:]] == list(registry.providers())
