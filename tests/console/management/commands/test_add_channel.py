"""`manage.py add_channel`."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Tenant
from channels_app.models import Channel

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("add_channel", *arguments, stdout=out)
    return out.getvalue()


def test_a_channel_is_made_as_told(tenant: Tenant) -> None:
    told = run(
        *("--name", "up", "--provider", "openai", "--base-url", "http://up.test", "--key", "sk-upstream-secret"),
        *("--models", "a, b=up-b", "--group", "vip", "--group", "default", "--priority", "2", "--weight", "3"),
        *("--option", "strip=store", "--option", "organization=org", "--tenant", tenant.slug, "--json"),
    )
    made = Channel.objects.get()
    assert json.loads(told) == {"channel": made.pk, "name": "up", "provider": "openai", "models": ["a", "b → up-b"]}
    assert (made.tenant, made.base_url, made.groups, made.priority, made.weight) == (tenant, "http://up.test", ["vip", "default"], 2, 3)
    assert made.options == {"strip": "store", "organization": "org"}
    assert dict(made.models.values_list("name", "upstream_name")) == {"a": "a", "b": "up-b"}


def test_little_is_enough(root_tenant: Tenant) -> None:
    run("--name", "demo", "--provider", "demo")
    made = Channel.objects.get()
    assert (made.tenant, made.groups, made.state) == (root_tenant, ["default"], "enabled")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--provider", "nobody"], "there is no provider nobody"),
        (["--provider", "openai"], "the provider openai needs a key"),
        (["--provider", "demo", "--tenant", "nobody"], "there is no tenant nobody"),
        (["--provider", "demo", "--option", "odd"], "--option odd: write NAME=VALUE"),
        (["--provider", "demo", "--base-url", "nowhere"], "nowhere is no http or https address"),
    ],
)
def test_a_mistake_is_one_clear_line(root_tenant: Tenant, arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        run("--name", "up", *arguments)
    assert Channel.objects.count() == 0
