"""A real nginx and a real Caddy with the examples of `deploy/`: the site below a path, NextChat behind HTTP Basic, certificates."""

from __future__ import annotations

import base64
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.flows import stack
from tests.house.code import ROOT

_PLACES = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/bin"
NGINX, CADDY = shutil.which("nginx", path=_PLACES), shutil.which("caddy", path=_PLACES)
pytestmark = pytest.mark.slow
# The password `by caddy alone`, at the lowest cost there is.
CADDYS_HASH = "$2b$04$V2CklmlAbvbJaLDQCPHyouk5ozg4It2JRgUbhyy1b5wmDG.ficGRm"
HELLO = [{"role": "user", "content": "hello"}]


@dataclass(frozen=True)
class Site:
    """What stands behind a proxy: the prefixed site, the chat page's host, and what the demo says; with Caddy the port of TLS."""

    prefixed: str
    chat: str
    demo: dict[str, str]
    tls: int = 0


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


def _caddyfile(folder: Path, *, ports: tuple[int, int, int], upstream: str, key: str) -> str:
    """Return the example with the test's ports, hosts, key and folders; its certificates come from Caddy's own authority."""
    text = (ROOT / "deploy" / "Caddyfile").read_text(encoding="utf-8").replace("127.0.0.1:8000", upstream.removeprefix("http://"))
    prefixed, chat, tls = ports
    text = text.replace("www.example {", f"http://127.0.0.1:{prefixed} {{").replace("chat.example {", f"http://127.0.0.1:{chat} {{")
    text = text.replace("https:// {", f"https://:{tls} {{").replace("\t\ton_demand\n", "\t\ton_demand\n\t\tissuer internal\n")
    text = (
        text.replace("$2a$14$hash.of.anns.password", CADDYS_HASH)
        .replace("sk-key-of-ann", key)
        .replace("Host keyosk.example", "Host 127.0.0.1")
    )
    return text.replace(
        "{\n", f"{{\n\tadmin off\n\tskip_install_trust\n\tauto_https disable_redirects\n\tstorage file_system {folder}\n", 1
    )


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The whole product with its demo data, believing a proxy on this machine."""
    with stack.running(tmp_path_factory.mktemp("var"), KEYOSK_TRUSTED_PROXIES="127.0.0.1") as told:
        yield told


@pytest.fixture(scope="module")
def site(demo: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The product behind nginx."""
    if NGINX is None:
        pytest.skip("nginx is not installed here")
    folder = tmp_path_factory.mktemp("nginx")
    folder.chmod(0o755)
    port, chat = stack.free_port(), stack.free_port()
    (folder / "htpasswd").write_text("ann:{PLAIN}by nginx alone\n", encoding="utf-8")
    text = _configuration(folder, port=port, chat=chat, upstream=demo["KEYOSK_BASE_URL"], key=demo["KEYOSK_API_KEY"])
    (folder / "nginx.conf").write_text(text, encoding="utf-8")
    with _serving([NGINX, "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")], port, folder):
        yield Site(f"http://127.0.0.1:{port}/keyosk", f"http://127.0.0.1:{chat}", demo)


@pytest.fixture(scope="module")
def caddy(demo: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The product behind Caddy."""
    if CADDY is None:
        pytest.skip("caddy is not installed here")
    folder = tmp_path_factory.mktemp("caddy")
    prefixed, chat, tls = ports = (stack.free_port(), stack.free_port(), stack.free_port())
    text = _caddyfile(folder, ports=ports, upstream=demo["KEYOSK_BASE_URL"], key=demo["KEYOSK_API_KEY"])
    (folder / "Caddyfile").write_text(text, encoding="utf-8")
    with _serving([CADDY, "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"], prefixed, folder):
        yield Site(f"http://127.0.0.1:{prefixed}/keyosk", f"http://127.0.0.1:{chat}", demo, tls)


@contextmanager
def _serving(command: list[str], port: int, folder: Path) -> Iterator[None]:
    """Run a proxy until it passes on what it is asked."""
    environment = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    log = (folder / "error.log").open("ab")
    with log, subprocess.Popen(command, env=environment, stdout=log, stderr=log) as server:
        try:
            _await(f"http://127.0.0.1:{port}/keyosk/healthz", folder)
            yield
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
    raise AssertionError(f"the proxy did not answer: {(folder / 'error.log').read_text(encoding='utf-8')[-2_000:]}")


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
    assert {cookie.path for cookie in browser.cookies.jar} == {"/keyosk"}
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


def test_caddy_keeps_pages_below_the_prefix_and_inner_addresses_inside(caddy: Site, browser: httpx.Client) -> None:
    page = browser.get(f"{caddy.prefixed}/accounts/login/")
    assert page.status_code == 200
    assert leads_out(page.text) == set()
    assert browser.get(f"{caddy.prefixed}/internal/tls-allowed?domain=localhost").status_code == 404


def test_caddy_puts_each_ones_key_in_place_of_the_name_and_lets_words_through_at_once(caddy: Site, browser: httpx.Client) -> None:
    body = {"model": caddy.demo["KEYOSK_DEMO_MODEL"], "messages": HELLO, "stream": True}
    assert browser.post(f"{caddy.chat}/v1/chat/completions", json=body).status_code == 401
    assert browser.post(f"{caddy.chat}/v1/chat/completions", json=body, auth=("ann", "wrong")).status_code == 401
    login = ("ann", "by caddy alone")
    with browser.stream("POST", f"{caddy.chat}/v1/chat/completions", json=body, auth=login) as answer:
        pieces = [(time.monotonic(), piece) for piece in answer.iter_raw()]
    assert (answer.status_code, b"".join(piece for _, piece in pieces)[-14:]) == (200, b"data: [DONE]\n\n")
    assert pieces[-1][0] - pieces[0][0] > 0.05  # the demo pauses between words; a proxy that waits for the end shows none
    assert browser.get(f"{caddy.chat}/v1/models", auth=login).status_code == 200


def test_caddy_gets_certificates_for_hosts_that_are_served_and_for_no_others(caddy: Site) -> None:
    assert _handshake(caddy.tls, "localhost") == "TLSv1.3"
    with pytest.raises(ssl.SSLError):
        _handshake(caddy.tls, "nobody.example")


def _handshake(port: int, host: str) -> str | None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # the authority is Caddy's own
    with socket.create_connection(("127.0.0.1", port), 20) as bare, context.wrap_socket(bare, server_hostname=host) as wrapped:
        return wrapped.version()
