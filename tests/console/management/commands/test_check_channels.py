"""`manage.py check_channels`."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Tenant
from channels_app import channels
from tests.doubles import replies
from tests.doubles.upstream import Upstream

pytestmark = pytest.mark.django_db


def test_good_channels_are_listed(root_tenant: Tenant) -> None:
    made = channels.add(name="demo", provider="demo")
    out = StringIO()
    call_command("check_channels", stdout=out)
    assert out.getvalue().splitlines()[1].split()[:3] == ["ok", str(made.pk), "demo"]


def test_a_failing_channel_is_named_and_the_command_fails(root_tenant: Tenant) -> None:
    with Upstream() as upstream:
        channels.add(name="up", provider="openai", base_url=upstream.url, key="sk-1")
        upstream.script(replies.error(401, "invalid_api_key", "bad key"))
        out = StringIO()
        with pytest.raises(CommandError, match="1 of 1 channels failed"):
            call_command("check_channels", "up", stdout=out)
    assert "bad_key: bad key" in out.getvalue()


def test_an_unknown_channel_is_named(root_tenant: Tenant) -> None:
    with pytest.raises(CommandError, match="there is no channel nobody"):
        call_command("check_channels", "nobody")
