"""How `manage.py up` lays out its processes: port, number of relays, time to finish."""

from __future__ import annotations

import os

from config import env

PORT = env.number("PORT", 8000)
# Where the relays listen: this machine only; a container needs 0.0.0.0.
LISTEN_HOST = env.text("KEYOSK_LISTEN", "127.0.0.1")
RELAYS = env.number("RELAYS", 1, least=1)
# Processes that serve the pages, each with four threads and some 150 MB: one alone cannot use a second core.
PAGES = env.number("PAGES", min(2, os.cpu_count() or 1), least=1)
# How long a stopping relay lets open answers finish.
RELAY_GRACE_SECONDS = env.number("RELAY_GRACE", 10)
