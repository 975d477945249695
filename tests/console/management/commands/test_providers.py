"""`manage.py providers`."""

from __future__ import annotations

import json
from io import StringIO

from django.core.management import call_command

from channels_app import registry
from channels_app.capabilities import CAPABILITIES


def output(*arguments: str) -> str:
    out = StringIO()
    call_command("providers", *arguments, stdout=out)
    return out.getvalue()


def test_every_vendor_has_a_row() -> None:
    rows = [line.split() for line in output().splitlines()]
    assert rows[0] == ["provider", "label", "dialect", *CAPABILITIES, "other"]
    assert [row[0] for row in rows[1:]] == list(registry.providers())


def test_json_tells_what_each_can_do_and_how_that_is_known() -> None:
    found = {row["provider"]: row for row in json.loads(output("--json"))}
    assert list(found) == list(registry.providers())
    assert found["cohere"]["capabilities"] | {"balance": ""} == found["cohere"]["capabilities"]
    assert (found["azure"]["capabilities"]["stream"], found["azure"]["capabilities"]["tools"]) == ("own", "protocol")
    assert found["openrouter"]["capabilities"]["balance"] == "own"
    assert found["groq"]["capabilities"]["balance"] == ""
    assert found["deepbricks"]["unverified"] == ["The service's documentation is not public: what is sent follows OpenAI's protocol."]
    assert found["bedrock"]["verified"][0].endswith(" golden pairs")
    assert found["azure"]["options"] == ["api_version", "strip_dots"]


def test_markdown_holds_two_tables() -> None:
    tables = output("--markdown").strip().split("\n\n")
    assert [len(table.splitlines()) for table in tables] == [len(registry.providers()) + 2] * 2
