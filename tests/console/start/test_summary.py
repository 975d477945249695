"""What is printed and written once Keyosk serves."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

from console.start import summary

VALUES = summary.addresses(port=8001, mail=Path("/data/mail")) | {
    "KEYOSK_API_KEY": "sk-demo",
    "KEYOSK_DEMO_MODEL": "demo-chat",
    "KEYOSK_USER_EMAIL": "user@demo.example",
    "KEYOSK_USER_PASSWORD": "it's $HOME",
}


def test_addresses_follow_from_the_port() -> None:
    assert summary.addresses(port=8001, mail=Path("/data/mail")) == {
        "KEYOSK_BASE_URL": "http://127.0.0.1:8001",
        "KEYOSK_SHOP_URL": "http://localhost:8001",
        "KEYOSK_MAIL_DIR": "/data/mail",
    }


def test_env_file_is_private_and_a_shell_reads_it(tmp_path: Path) -> None:
    place = tmp_path / "demo.env"
    summary.write_env(place, VALUES)
    summary.write_env(place, VALUES)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    shown = subprocess.run(["sh", "-c", f". '{place}'; printf %s \"$KEYOSK_USER_PASSWORD\""], capture_output=True, text=True, check=True)
    assert shown.stdout == "it's $HOME"
    assert list(tmp_path.iterdir()) == [place]


def test_demo_summary_names_addresses_logins_and_a_curl() -> None:
    text = summary.demo(VALUES)
    assert "user@demo.example  it's $HOME" in text
    assert "curl -N http://127.0.0.1:8001/v1/chat/completions -H 'Authorization: Bearer sk-demo'" in text
    assert "http://localhost:8001/reseller/" in text


def test_production_summary_has_the_link_only_while_it_is_needed() -> None:
    assert "this link works once): http://h/setup/x" in summary.production(base="http://h", setup_url="http://h/setup/x")
    assert "link" not in summary.production(base="http://h", setup_url=None)
