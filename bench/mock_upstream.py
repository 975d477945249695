"""The mock upstream at C speed: an nginx that answers every POST with a fixed chat completion or stream."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from bench.programs import need

COMPLETION = {
    "id": "chatcmpl-bench",
    "object": "chat.completion",
    "created": 1_700_000_000,
    "model": "bench-upstream",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "The quick brown fox jumps over the lazy dog. " * 8},
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 40, "completion_tokens": 80, "total_tokens": 120},
}

CONFIG = """
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log crit;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  keepalive_requests 100000000;
  client_max_body_size 64m;
  client_body_buffer_size 512k;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    root {folder}/www;
    error_page 405 =200 $uri;
    location /plain/ {{ try_files /plain.json =404; }}
    location /stream/ {{ try_files /stream.sse =404; }}
    location = /plain.json {{ types {{}} default_type application/json; }}
    location = /stream.sse {{ types {{}} default_type text/event-stream; }}
  }}
}}
"""


def chunk(delta: dict[str, str], finish: str | None = None) -> str:
    frame = {
        "id": "chatcmpl-bench",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": "bench-upstream",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    return f"data: {json.dumps(frame, separators=(',', ':'))}\n\n"


def stream(frames: int) -> str:
    """Return one complete chat stream with `frames` content frames, usage and the end mark."""
    usage = {
        **{k: v for k, v in COMPLETION.items() if k in {"id", "created", "model", "usage"}},
        "object": "chat.completion.chunk",
        "choices": [],
    }
    words = "".join(chunk({"content": f"word{n} "}) for n in range(frames))
    head = chunk({"role": "assistant", "content": ""})
    return f"{head}{words}{chunk({}, 'stop')}data: {json.dumps(usage, separators=(',', ':'))}\n\ndata: [DONE]\n\n"


def start(folder: Path, port: int, *, frames: int = 20) -> subprocess.Popen[bytes]:
    """Start nginx in the foreground below `folder`; the caller stops it with SIGTERM."""
    nginx = need("nginx", package="nginx-light")
    (folder / "www").mkdir(parents=True, exist_ok=True)
    (folder / "www" / "plain.json").write_text(json.dumps(COMPLETION, separators=(",", ":")))
    (folder / "www" / "stream.sse").write_text(stream(frames))
    folder.chmod(0o755)
    config = folder / "nginx.conf"
    config.write_text(CONFIG.format(folder=folder, port=port))
    return subprocess.Popen([nginx, "-p", str(folder), "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
