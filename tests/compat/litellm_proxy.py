"""The LiteLLM proxy as `deploy/` describes it: the real package, that configuration, and Amazon Bedrock played by ourselves."""

from __future__ import annotations

import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from tests.doubles import bedrock
from tests.doubles.bedrock import Bedrock
from tests.flows import stack

CONFIG = stack.ROOT / "deploy" / "litellm.yaml"
COMPOSE = stack.ROOT / "deploy" / "compose.litellm.yaml"
MASTER_KEY = "sk-litellm-master"
_START_SECONDS = 300


@contextmanager
def running(folder: Path, python: Path, vendor: Bedrock) -> Iterator[str]:
    """Run it by the command of the Compose file; give its address once it lives."""
    service = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]["litellm"]
    port = str(stack.free_port())
    given = {"LITELLM_MASTER_KEY": MASTER_KEY, "AWS_REGION": "us-east-1"}
    given |= {"AWS_ACCESS_KEY_ID": bedrock.KEY_ID, "AWS_SECRET_ACCESS_KEY": bedrock.SECRET}
    if set(given) != set(service["environment"]):
        raise AssertionError(f"the Compose file names {sorted(service['environment'])}")
    ours = {"/app/litellm.yaml": str(CONFIG), "4000": port}
    command = [str(python.with_name("litellm")), *(ours.get(word, word) for word in service["command"])]
    play = {"AWS_BEDROCK_RUNTIME_ENDPOINT": vendor.url, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "HOME": str(folder)}
    environment = {name: value for name, value in os.environ.items() if name not in stack.OF_THE_TESTS} | given | play
    command += ["--host", "127.0.0.1"]
    log = (folder / "litellm.log").open("wb")
    with log, subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log) as process:
        try:
            _await(process, f"http://127.0.0.1:{port}", folder)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _await(process: subprocess.Popen[bytes], url: str, folder: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/health/liveliness", timeout=5):  # our own server
                return
        except OSError:
            time.sleep(0.5)
    raise AssertionError(f"LiteLLM did not start: {(folder / 'litellm.log').read_text(errors='replace')[-1500:]}")
