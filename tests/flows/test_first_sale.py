"""The first sale: buy as a guest, pay, get the code, sign up, redeem, make a key, stream an answer, see its price."""

from __future__ import annotations

import email
import json
import re
import time
import urllib.request
from collections.abc import Iterator
from email.policy import default
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.flows import stack
from tests.flows.conftest import Watch

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SCENES: tuple[tuple[Literal["light", "dark"], int], ...] = (("light", 360), ("dark", 360), ("light", 1440), ("dark", 1440))
PASSWORD = "a long and unguessable phrase"
MAIL_SECONDS = 15
USAGE_SECONDS = 15


@pytest.fixture(scope="module")
def demo(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The whole product with its demo data."""
    with stack.running(tmp_path_factory.mktemp("var")) as values:
        yield values


def buy(page: Page, shop: str) -> str:
    """Buy the first product as a guest and return its code."""
    page.goto(f"{shop}/shop/")
    page.get_by_role("link", name="Buy", exact=True).first.click()
    page.get_by_label("E-mail").fill("guest@example.com")
    page.get_by_role("button", name="Order and pay").click()
    page.get_by_role("button", name=re.compile("^Pay ")).first.click()
    page.get_by_role("button", name="Pay", exact=True).click()
    return page.locator(".voucher-code").first.inner_text().strip()


def sign_up(page: Page, demo: dict[str, str], *, address: str) -> None:
    """Sign up, follow the mail's link, sign in."""
    shop = demo["KEYOSK_SHOP_URL"]
    page.goto(f"{shop}/accounts/signup/")
    page.get_by_label(re.compile("e-?mail", re.IGNORECASE)).fill(address)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name=re.compile("sign up", re.IGNORECASE)).click()
    page.goto(_link_for(address, Path(demo["KEYOSK_MAIL_DIR"])))
    page.get_by_role("button", name="Confirm").click()
    page.goto(f"{shop}/accounts/login/?next=/redeem/")
    if "/accounts/login/" in page.url:
        page.get_by_label(re.compile("e-?mail", re.IGNORECASE)).fill(address)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign In", exact=True).click()


def _link_for(address: str, folder: Path) -> str:
    limit = time.monotonic() + MAIL_SECONDS
    while time.monotonic() < limit:
        for path in folder.glob("*.eml"):
            message = email.message_from_bytes(path.read_bytes(), policy=default)
            body = message.get_body(("plain",))
            found = re.search(r"https?://\S+/accounts/confirm-email/\S+", body.get_content() if body else "")
            if found and address in str(message["To"]):
                return found[0]
        time.sleep(0.2)
    raise AssertionError(f"no mail for {address} in {folder}")


def redeem(page: Page, shop: str, code: str) -> None:
    page.goto(f"{shop}/redeem/")
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Redeem", exact=True).click()
    expect(page.get_by_text("is in your wallet").first).to_be_visible()


def make_key(page: Page, shop: str) -> str:
    page.goto(f"{shop}/console/keys/new/")
    page.get_by_label("Name", exact=True).fill("first key")
    page.get_by_role("button", name="Make the key").click()
    return page.locator("#new-key").inner_text().strip()


def available(page: Page, shop: str) -> int:
    """Read what the wallet page says is available, in µ$."""
    page.goto(f"{shop}/console/wallet/")
    return int(page.locator(".ticket-body data").first.get_attribute("value") or "")


def stream(base_url: str, *, secret: str, model: str) -> str:
    """Ask for a streamed answer as the shown curl does, and return its text."""
    body = json.dumps({"model": model, "stream": True, "messages": [{"role": "user", "content": "Hello"}]}).encode()
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{base_url}/v1/chat/completions", data=body, headers=headers)  # our own server
    with urllib.request.urlopen(request, timeout=30) as answer:
        lines = [line.decode().strip() for line in answer]
    events = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
    assert events[-1] == "[DONE]"
    choices = [choice for event in events[:-1] for choice in json.loads(event)["choices"]]
    return "".join(choice["delta"].get("content") or "" for choice in choices)


def price_of_the_call(page: Page, shop: str) -> int:
    """Wait until the call is in the log and read its price, in µ$."""
    limit = time.monotonic() + USAGE_SECONDS
    while time.monotonic() < limit:
        page.goto(f"{shop}/console/calls/")
        prices = page.locator("tbody data")
        if prices.count():
            return int(prices.first.get_attribute("value") or "")
        time.sleep(0.3)
    raise AssertionError("the call did not appear in the log")


@pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_guest_becomes_a_customer_with_a_streamed_and_priced_answer(
    browser: Browser, watch: Watch, demo: dict[str, str], script: bool
) -> None:
    shop = demo["KEYOSK_SHOP_URL"]
    context = browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=script, locale="en-GB")
    page = watch.over(context.new_page())
    started = time.monotonic()
    code = buy(page, shop)
    watch.look(page, f"order-{script}")
    sign_up(page, demo, address=f"customer-{script}@example.com".lower())
    redeem(page, shop, code)
    watch.look(page, f"redeemed-{script}")
    bought = available(page, shop)
    assert bought > 0
    secret = make_key(page, shop)
    assert stream(shop, secret=secret, model=demo["KEYOSK_DEMO_MODEL"]) != ""
    price = price_of_the_call(page, shop)
    assert price > 0
    assert _settled(page, shop) == bought - price
    assert time.monotonic() - started < 90
    context.close()


def _settled(page: Page, shop: str) -> int:
    """Read the statement's last balance: what is left once nothing is set aside."""
    page.goto(f"{shop}/console/wallet/")
    cells = page.locator("[aria-labelledby=statement-title] tbody tr").first.locator("td")
    text = cells.last.inner_text()
    return int(re.sub(r"\D", "", text))


def test_shop_pages_fit_in_both_themes_on_phone_and_desktop(browser: Browser, watch: Watch, demo: dict[str, str]) -> None:
    shop = demo["KEYOSK_SHOP_URL"]
    buyer: BrowserContext = browser.new_context(locale="en-GB")
    page = buyer.new_page()
    buy(page, shop)
    order = page.url
    page.goto(f"{shop}/shop/")
    product = page.get_by_role("link", name="Buy", exact=True).first.get_attribute("href")
    state = buyer.storage_state()
    for theme, width in (("light", 360), ("dark", 360), ("light", 1440), ("dark", 1440)):
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme="dark" if theme == "dark" else "light",
            storage_state=state,
            locale="en-GB",
        )
        page = watch.over(context.new_page())
        for name, address in {
            "home": shop + "/",
            "platform": demo["KEYOSK_BASE_URL"] + "/",
            "shop": f"{shop}/shop/",
            "product": f"{shop}{product}",
            "order": order,
            "lookup": f"{shop}/lookup/",
            "redeem": f"{shop}/redeem/",
        }.items():
            page.goto(address)
            watch.look(page, f"{name}-{theme}-{width}")
        context.close()
    buyer.close()
