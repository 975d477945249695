"""Tell the person who started Keyosk where everything is, on the screen and in `var/demo.env`."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path


def addresses(*, port: int, mail: Path) -> dict[str, str]:
    """Return the values that follow from the port: the platform by number, the demo shop by name."""
    return {"KEYOSK_BASE_URL": f"http://127.0.0.1:{port}", "KEYOSK_SHOP_URL": f"http://localhost:{port}", "KEYOSK_MAIL_DIR": str(mail)}


def write_env(path: Path, values: Mapping[str, str]) -> None:
    """Write the values in shell syntax, readable by us alone: it holds passwords."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(f"{name}={shlex.quote(value)}\n" for name, value in sorted(values.items()))
    draft.replace(path)


def demo(values: Mapping[str, str]) -> str:
    """Return the text shown once the demo serves."""
    base, shop = values["KEYOSK_BASE_URL"], values["KEYOSK_SHOP_URL"]
    rows = [
        ("platform", base, ""),
        ("operator", f"{base}/admin/", _login(values, "ADMIN")),
        ("demo shop", shop, ""),
        ("reseller", f"{shop}/reseller/", _login(values, "RESELLER")),
        ("end user", f"{shop}/console/", _login(values, "USER")),
        ("relay", f"{base}/v1", values.get("KEYOSK_API_KEY", "")),
        ("mail", values["KEYOSK_MAIL_DIR"], ""),
    ]
    lines = [f"  {name:<10} {place:<34} {more}".rstrip() for name, place, more in rows]
    return "\n".join(["", "Keyosk is up.", "", *lines, "", _curl(values), "", "All of this is in var/demo.env. Ctrl-C stops.", ""])


def production(*, base: str, setup_url: str | None) -> str:
    """Return the text shown once a Keyosk without demo serves."""
    first = [f"  Set up the first operator (this link works once): {setup_url}", ""] if setup_url else []
    return "\n".join(["", f"Keyosk is up: {base}", "", *first])


def _login(values: Mapping[str, str], who: str) -> str:
    email, password = values.get(f"KEYOSK_{who}_EMAIL"), values.get(f"KEYOSK_{who}_PASSWORD")
    return f"{email}  {password}" if email and password else ""


def _curl(values: Mapping[str, str]) -> str:
    model = values.get("KEYOSK_DEMO_MODEL", "demo-chat")
    body = f'{{"model": "{model}", "stream": true, "messages": [{{"role": "user", "content": "Hello"}}]}}'
    key = values.get("KEYOSK_API_KEY", "sk-…")
    return (
        f"  curl -N {values['KEYOSK_BASE_URL']}/v1/chat/completions -H 'Authorization: Bearer {key}' \\\n"
        f"    -H 'Content-Type: application/json' -d '{body}'"
    )
