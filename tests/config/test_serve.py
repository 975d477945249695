"""A relay started as it is in production listens, answers, and ends when told to."""

from __future__ import annotations

import http.client
import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.gateway.fleet import ROOT, environment

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_relay_listens_on_the_socket_it_inherits_and_ends_with_success(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        words = [sys.executable, "-m", "config.serve", "--fd", str(listener.fileno()), "--grace", "1", "--log-level", "warning"]
        process = subprocess.Popen(words, cwd=ROOT, env=environment(tmp_path), pass_fds=[listener.fileno()])
        try:
            assert _asked(listener.getsockname()[1]) == (404, "application/json", None)
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) in {0, -signal.SIGTERM}
        finally:
            process.kill()
            process.wait()


def _asked(port: int) -> tuple[int, str | None, str | None]:
    """Ask for what does not exist and return status, type and server; the socket listens before the relay does."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=90)) as connection:
        connection.request("GET", "/v1/nothing")
        with connection.getresponse() as answer:
            return answer.status, answer.getheader("content-type"), answer.getheader("server")
