"""SillyTavern's server, as its page uses it: models, answers (custom endpoint and reverse proxies), and what it shows of errors."""

from __future__ import annotations

import json
import pathlib
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from report import BASE, KEY, KEYS, MODEL, TEXT, same, tried

HOME = pathlib.Path(__file__).parents[1] / "node_modules" / "sillytavern"
START_SECONDS = 500  # it bundles its page first
HELLO = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hello"}, {"role": "system", "content": "Now."}]
ASKED = {
    "model": MODEL,
    "messages": HELLO,
    "temperature": 0.7,
    "max_tokens": 200,
    "top_p": 1,
    "top_k": 40,
    "frequency_penalty": 0,
    "presence_penalty": 0,
}
CUSTOM = {"chat_completion_source": "custom", "custom_url": f"{BASE}/v1", "custom_prompt_post_processing": ""}
CUSTOM |= {"custom_include_body": "", "custom_exclude_body": "", "custom_include_headers": ""}
CLAUDE = {"chat_completion_source": "claude", "reverse_proxy": f"{BASE}/v1", "proxy_password": KEY}
OPENAI = {"chat_completion_source": "openai", "reverse_proxy": f"{BASE}/v1"}


@contextmanager
def server() -> Iterator[str]:
    """Run it with data of its own, without its cross-site token and browser."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tempfile.mkdtemp()
    command = ["node", "server.js", "--dataRoot", folder, "--configPath", f"{folder}/config.yaml", "--port", str(port)]
    command += ["--disableCsrf", "--browserLaunchEnabled", "false"]
    with subprocess.Popen(command, cwd=HOME, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            until = time.monotonic() + START_SECONDS
            while not _answers(f"http://127.0.0.1:{port}/version"):
                if time.monotonic() > until or process.poll() is not None:
                    raise SystemExit("SillyTavern did not start")
                time.sleep(0.5)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except OSError:
        return False


def post(path: str, **body: object) -> tuple[int, str, bytes]:
    """Send what its page sends; return the status, its reason, and the body."""
    request = urllib.request.Request(SERVER + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.reason, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.reason, error.read()


def ask(source: dict[str, object], *, stream: bool = False, **more: object) -> tuple[int, str, bytes]:
    return post("/api/backends/chat-completions/generate", **ASKED, **source, stream=stream, **more)


def status(source: dict[str, object]) -> None:
    code, _, body = post("/api/backends/chat-completions/status", **source)
    same((code, MODEL in {one["id"] for one in json.loads(body)["data"]}), (200, True))


def text(source: dict[str, object]) -> None:
    code, _, body = ask(source)
    same((code, json.loads(body)["choices"][0]["message"]["content"]), (200, TEXT))


def said(body: bytes) -> str:
    """Read a stream as its page does: events between blank lines, of either protocol."""
    parts = []
    for event in body.decode().split("\n\n"):
        data = "".join(line.removeprefix("data:").strip() for line in event.split("\n") if line.startswith("data:"))
        if data and data != "[DONE]":
            found = json.loads(data)
            choices = found.get("choices") or [{}]
            parts.append(choices[0].get("delta", {}).get("content") or (found.get("delta") or {}).get("text") or "")
    return "".join(parts)


def stream(source: dict[str, object]) -> None:
    code, _, body = ask(source, stream=True)
    same((code, said(body), body.endswith(b"\n\n")), (200, TEXT, True))


def quota() -> None:
    """Its pop-up wants the status 429 and the exact type, and only where it does not stream; else the message is shown."""
    _, _, body = ask(OPENAI, proxy_password=KEYS["poor"])
    same(json.loads(body), {"error": {"message": "Too Many Requests"}, "quota_error": True})
    code, reason, body = ask(OPENAI, proxy_password=KEYS["poor"], stream=True)
    error = json.loads(body)["error"]
    same((code, reason, error["type"], "balance" in error["message"]), (429, "Too Many Requests", "insufficient_quota", True))


def bad_key() -> None:
    _, _, body = ask(OPENAI, proxy_password=KEYS["bad"])
    same(json.loads(body), {"error": {"message": "Unauthorized"}, "quota_error": False})
    code, reason, body = ask(OPENAI, proxy_password=KEYS["bad"], stream=True)
    same((code, reason, json.loads(body)["error"]["code"]), (400, "Unauthorized", "invalid_api_key"))


def no_key() -> None:
    """Without a key it sends `Bearer undefined`."""
    code, _, body = ask(OPENAI, stream=True)
    same((code, json.loads(body)["error"]["type"]), (400, "invalid_request_error"))


with server() as SERVER:
    post("/api/secrets/write", key="api_key_custom", value=KEY)
    tried("models", lambda: status(CUSTOM), calls=0, case="custom")
    tried("models", lambda: status({**OPENAI, "proxy_password": KEY}), calls=0, case="reverse proxy")
    for name, source in (("custom", CUSTOM), ("Claude", CLAUDE), ("reverse proxy", {**OPENAI, "proxy_password": KEY})):
        tried("text", lambda source=source: text(source), case=name)
        tried("stream", lambda source=source: stream(source), case=name)
    tried("refusals", quota, calls=0, case="quota")
    tried("refusals", bad_key, calls=0, case="bad key")
    tried("refusals", no_key, calls=0, case="no key")
