"""A real nginx with the examples of `deploy/`: the whole site below a path, and NextChat's calls behind HTTP Basic."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.flows import stack
from tests.house.code import ROOT

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/bin")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(NGINX is None, reason="nginx is not installed here")]
HELLO = [{"role": "user", "content": "hello"}]


@dataclass(frozen=True)
class Site:
    """What stands behind nginx: the prefixed site, the chat page's host, and what the demo says."""

    prefixed: str
    chat: str
    demo: dict[str, str]


def _configuration(folder: Path, *, port: int, chat: int, upstream: str, key: str) -> str:
    """Return the two examples with the test's ports, hosts, key and folders."""
    site = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    basic = (ROOT / "deploy" / "nginx-basic.conf").read_text(encoding="utf-8")
    site = site.replace("127.0.0.1:8000", upstream.removeprefix("http://")).replace("listen 80;", f"listen 127.0.0.1:{port};")
    site = site.replace("keyosk.example *.keyosk.example", "localhost").replace("www.example", "127.0.0.1")
    basic = basic.replace("listen 80;", f"listen 127.0.0.1:{chat};").replace("sk-key-of-ann", key).replace("keyosk.example;", "127.0.0.1;")
    basic = basic.replace("/etc/nginx/keyosk.htpasswd", str(folder / "htpasswd"))
    paths = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root;" if os.geteuid() == 0 else ""
    head = f"{user} daemon off; error_log {folder}/error.log; pid {folder}/pid; events {{}} http {{ access_log off; {paths}"
    return f"{head}\n{site}\n{basic}\n}}\n"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The whole product with its demo data behind nginx."""
    folder = tmp_path_factory.mktemp("nginx")
    folder.chmod(0o755)
    port, chat = stack.free_port(), stack.free_port()
    with stack.running(tmp_path_factory.mktemp("var"), KEYOSK_TRUSTED_PROXIES="127.0.0.1") as demo:
        (folder / "htpasswd").write_text("ann:{PLAIN}by nginx alone\n", encoding="utf-8")
        text = _configuration(folder, port=port, chat=chat, upstream=demo["KEYOSK_BASE_URL"], key=demo["KEYOSK_API_KEY"])
        (folder / "nginx.conf").write_text(text, encoding="utf-8")
        assert NGINX is not None
        with subprocess.Popen([NGINX, "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]) as server:
            try:
                _await(f"http://127.0.0.1:{port}/keyosk/healthz", folder)
                yield Site(f"http://127.0.0.1:{port}/keyosk", f"http://127.0.0.1:{chat}", demo)
            finally:
                server.terminate()


def _await(url: str, folder: Path) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            if httpx.get(url, timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise AssertionError(f"nginx did not answer: {(folder / 'error.log').read_text(encoding='utf-8')[-2_000:]}")


@pytest.fixture
def browser(site: Site) -> Iterator[httpx.Client]:
    """A visitor who keeps cookies and follows redirects."""
    with httpx.Client(follow_redirects=True, timeout=20) as client:
        yield client


def leads_out(page: str) -> set[str]:
    """Return the addresses on a page that leave the prefix."""
    found = re.findall(r"""(?:href|src|action|hx-get|hx-post)=["'](/[^"']*)""", page)
    return {address for address in found if not address.startswith("/keyosk/") and address != "/keyosk"}


def sign_in(browser: httpx.Client, site: Site) -> httpx.Response:
    """Sign the operator in through the form."""
    page = browser.get(f"{site.prefixed}/accounts/login/")
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert token is not None
    values = {"login": site.demo["KEYOSK_ADMIN_EMAIL"], "password": site.demo["KEYOSK_ADMIN_PASSWORD"], "csrfmiddlewaretoken": token[1]}
    return browser.post(f"{site.prefixed}/accounts/login/", data=values, headers={"referer": str(page.url)})


@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/accounts/signup/", "/redeem/", "/lookup/", "/key/"])
def test_pages_stay_below_the_prefix(site: Site, browser: httpx.Client, path: str) -> None:
    page = browser.get(site.prefixed + path)
    assert page.status_code == 200
    assert leads_out(page.text) == set()
    styles = re.search(r'href="(/keyosk/static/css/app.css[^"]*)"', page.text)
    assert styles is not None
    assert browser.get(httpx.URL(site.prefixed).join(styles[1])).headers["content-type"].startswith("text/css")


def test_signing_in_leads_to_the_console_and_the_back_office(site: Site, browser: httpx.Client) -> None:
    console = sign_in(browser, site)
    assert (console.status_code, console.url.path) == (200, "/keyosk/console/")
    assert leads_out(console.text) == set()
    for path in ("/console/keys/", "/console/wallet/", "/admin/", "/admin/channels_app/channel/"):
        page = browser.get(site.prefixed + path)
        assert (page.status_code, page.url.path) == (200, f"/keyosk{path}")
        assert leads_out(page.text) == set()


def test_the_site_at_the_root_is_as_before(site: Site, browser: httpx.Client) -> None:
    page = browser.get(f"{site.demo['KEYOSK_BASE_URL']}/")
    assert "/keyosk/" not in page.text
    assert 'href="/static/css/app.css' in page.text


def test_a_stranger_cannot_say_where_the_site_stands(site: Site, browser: httpx.Client) -> None:
    for told in ("//evil.example", "/a/../b", "javascript:x"):
        page = browser.get(f"{site.demo['KEYOSK_BASE_URL']}/", headers={"x-forwarded-prefix": told})
        assert "evil.example" not in page.text
        assert 'href="/static/css/app.css' in page.text


def test_nextchat_below_the_prefix_reads_the_balance_to_the_cent(site: Site, browser: httpx.Client) -> None:
    """BASE_URL with the prefix; its own server forwards the browser's Basic header and drops the query."""
    basic = base64.b64encode(f"ann:{site.demo['KEYOSK_API_KEY']}".encode()).decode()
    headers = {"authorization": f"Basic {basic}", "content-type": "application/json", "cache-control": "no-store"}
    body = {
        "messages": HELLO, "stream": True, "model": site.demo["KEYOSK_DEMO_MODEL"], "temperature": 0.5, "presence_penalty": 0,
        "frequency_penalty": 0, "top_p": 1,
    }  # fmt: skip
    answer = browser.post(f"{site.prefixed}/v1/chat/completions", headers=headers, json=body)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text.endswith("data: [DONE]\n\n")
    left = {_left(browser, site.prefixed, headers, query) for query in ("", "?start_date=2026-11-01&end_date=2026-11-28")}
    direct = {"authorization": f"Bearer {site.demo['KEYOSK_API_KEY']}"}
    assert left == {_left(browser, site.demo["KEYOSK_BASE_URL"], direct, "")}


def _left(browser: httpx.Client, base: str, headers: dict[str, str], query: str) -> float:
    """Return what NextChat shows: the limit less what was used, in dollars and cents."""
    used = browser.get(f"{base}/dashboard/billing/usage{query}", headers=headers)
    total = browser.get(f"{base}/dashboard/billing/subscription", headers=headers)
    assert (used.status_code, total.status_code) == (200, 200)
    return round(float(total.json()["hard_limit_usd"]) - float(used.json()["total_usage"]) / 100, 2)


def test_nginx_puts_each_ones_key_in_place_of_the_name(site: Site, browser: httpx.Client) -> None:
    body = {"model": site.demo["KEYOSK_DEMO_MODEL"], "messages": HELLO}
    assert browser.post(f"{site.chat}/v1/chat/completions", json=body).status_code == 401
    assert browser.post(f"{site.chat}/v1/chat/completions", json=body, auth=("ann", "wrong")).status_code == 401
    answer = browser.post(f"{site.chat}/v1/chat/completions", json=body, auth=("ann", "by nginx alone"))
    assert (answer.status_code, answer.json()["object"]) == (200, "chat.completion")
    assert browser.get(f"{site.chat}/v1/models", auth=("ann", "by nginx alone")).status_code == 200
