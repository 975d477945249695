"""A real browser for journeys through the pages, and the watch it keeps: no refused code, no foreign request, no overflow."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
CONTRAST = Path(__file__).with_name("contrast.js").read_text()
OUR_HOSTS = {"localhost", "127.0.0.1"}


def _chromium() -> str:
    wanted = os.environ.get("CHROMIUM", "")
    found = wanted or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome") or ""
    if found and Path(found).exists():
        return found
    reason = "no Chromium here: install it or set CHROMIUM to its path"
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def browser() -> Generator[Browser, None, None]:
    """One headless Chromium for all journeys of a module; Playwright's loop must be gone before other tests run."""
    path = _chromium()
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright's loop runs in this thread, which Django would take for asynchronous code.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        chromium = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield chromium
        chromium.close()


@dataclass
class Watch:
    """What must not happen while somebody uses the pages."""

    complaints: list[str] = field(default_factory=list)

    def over(self, page: Page) -> Page:
        """Keep an eye on a page's console, its requests and its failed answers."""
        page.on("console", lambda message: self._heard(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(f"script error: {error}"))
        page.on("request", lambda request: self._asked(request.url))
        page.on("response", lambda answer: self.complaints.append(f"{answer.status} {answer.url}") if answer.status >= 500 else None)
        return page

    def look(self, page: Page, name: str) -> None:
        """Note when a page overflows or cannot be read (WCAG AA), and keep a picture when KEYOSK_SHOTS names a folder."""
        wide, window = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        if wide > window:
            self.complaints.append(f"{name} is {wide} px wide in a window of {window} px")
        for fault in page.evaluate(CONTRAST):
            self.complaints.append(f"{name} is hard to read: {fault}")
        folder = os.environ.get("KEYOSK_SHOTS", "")
        if folder:
            page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)

    def _heard(self, kind: str, text: str) -> None:
        if kind == "error" or "Content Security Policy" in text:
            self.complaints.append(f"console: {text}")

    def _asked(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "data" and parts.hostname not in OUR_HOSTS:
            self.complaints.append(f"foreign request: {url}")


@pytest.fixture
def watch() -> Generator[Watch, None, None]:
    """Fail the test when anything was noticed."""
    seen = Watch()
    yield seen
    assert seen.complaints == []


@pytest.fixture
def context(browser: Browser) -> Generator[BrowserContext, None, None]:
    """A fresh visitor on a desktop, in the light theme, reading English."""
    visitor = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light", locale="en-GB")
    yield visitor
    visitor.close()
