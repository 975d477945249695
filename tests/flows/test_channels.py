"""Channels in the back office in a real browser: many from one form, a selection changed, one copied and looked at."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from allauth.account.models import EmailAddress
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts import tenants
from accounts.models import Membership, Tenant, User
from channels_app.models import Channel
from tests.flows.conftest import Watch
from tests.flows.test_looks import PASSWORD, Theme, visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
# The back office's icons are a font's ligatures: words to a script, pictures to people.
ICON = re.compile(r"is hard to read: [\d.]+ [a-z_]+$")
LINES = "Tokyo | https://tokyo.example.com/v1 | sk-tokyo-1111\nOsaka | https://osaka.example.com/v1 | sk-osaka-2222\n"


@pytest.fixture
def operator(root_tenant: Tenant) -> Membership:
    user = User.objects.create_user(email="op@platform.test", password=PASSWORD)
    EmailAddress.objects.create(user=user, email="op@platform.test", verified=True, primary=True)
    return tenants.join(tenant=root_tenant, user=user, role=Membership.Role.OWNER)


def come_in(page: Page, server: LiveServer) -> str:
    """Sign the operator in at the platform's own host; return the address of the channels."""
    host = f"http://127.0.0.1:{urlsplit(server.url).port}"
    page.goto(f"{host}/accounts/login/?next=/admin/channels_app/channel/")
    page.get_by_label("E-mail or username").fill("op@platform.test")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign In", exact=True).click()
    expect(page).to_have_url(f"{host}/admin/channels_app/channel/")
    return f"{host}/admin/channels_app/channel/"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_many_channels_are_added_changed_and_copied(
    browser: Browser, watch: Watch, live_server: LiveServer, operator: Membership, theme: Theme, width: int
) -> None:
    with visit(browser, watch, theme=theme, width=width) as page:
        channels = come_in(page, live_server)

        def look(name: str) -> None:
            watch.look(page, f"channels-{name}-{theme}-{width}")

        page.goto(f"{channels}add_many/")
        look("vendors")
        page.goto(f"{channels}add_many/?provider=openai")
        page.get_by_label("Channels").fill(LINES + "Kobe | ftp://kobe | sk-kobe-3333")
        page.get_by_label("Models").fill("gpt-4o-mini")
        page.get_by_label("tags").fill("japan")
        look("many")
        page.get_by_role("button", name="Add", exact=True).click()
        expect(page.get_by_text("Line 3: The base URL is no http or https address.")).to_be_visible()
        assert "sk-tokyo" not in page.content()
        assert not Channel.objects.exists()
        look("many-wrong")
        page.get_by_label("Channels").fill(LINES)
        page.get_by_role("button", name="Add", exact=True).click()
        expect(page.get_by_text("2 channels added.")).to_be_visible()
        assert sorted(Channel.objects.values_list("name", "tags")) == [("Osaka", ["japan"]), ("Tokyo", ["japan"])]
        look("list")
        for box in page.locator("input[name=_selected_action]").all():
            box.check()
        page.locator("select[name=action]").select_option("change_selected")
        look("selected")
        page.locator("button[name=index], button:has-text('Run')").first.click()
        expect(page.get_by_role("heading", name="Change 2 channels")).to_be_visible()
        page.get_by_label("Priority").fill("7")
        page.get_by_label("Calls per minute").fill("120")
        look("change")
        page.get_by_role("button", name="Change", exact=True).click()
        expect(page.get_by_text("2 channels changed.")).to_be_visible()
        assert sorted(Channel.objects.values_list("name", "priority", "rpm")) == [("Osaka", 7, 120), ("Tokyo", 7, 120)]
        tokyo = Channel.objects.get(name="Tokyo")
        page.goto(f"{channels}{tokyo.pk}/copy/")
        look("copy")
        page.get_by_role("button", name="Copy", exact=True).click()
        expect(page.get_by_text("is made.")).to_be_visible()
        assert Channel.objects.count() == 3
        look("copied")
        for act in ("look", "keys", "drill", "test_now", "ask_balance"):
            page.goto(f"{channels}{tokyo.pk}/{act}/")
            look(act)
    watch.complaints = [text for text in watch.complaints if not ICON.search(text)]
