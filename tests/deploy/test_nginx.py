"""The nginx example, read by nginx itself."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.house.code import ROOT

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/bin")
EXAMPLE = ROOT / "deploy" / "nginx.conf"


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed here")
def test_nginx_accepts_the_example(tmp_path: Path) -> None:
    assert NGINX is not None
    frame = tmp_path / "nginx.conf"
    frame.write_text(
        f"error_log stderr; pid {tmp_path}/pid; events {{}} http {{ access_log off; client_body_temp_path {tmp_path}/body;"
        f" proxy_temp_path {tmp_path}/proxy; fastcgi_temp_path {tmp_path}/fastcgi; uwsgi_temp_path {tmp_path}/uwsgi;"
        f' scgi_temp_path {tmp_path}/scgi; include "{EXAMPLE}"; }}',
        encoding="utf-8",
    )
    done = subprocess.run([NGINX, "-t", "-c", str(frame)], capture_output=True, text=True, check=False)
    assert "syntax is ok" in done.stderr
    assert done.returncode == 0


def test_each_location_streams_unbuffered() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    locations = text.count("location /")
    assert locations == 2
    for line in ("proxy_buffering off;", "proxy_request_buffering off;", "proxy_http_version 1.1;", "proxy_read_timeout 1800s;"):
        assert text.count(line) == locations
    assert text.count("proxy_set_header X-Forwarded-Prefix /keyosk;") == 1
