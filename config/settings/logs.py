"""What is logged, and how it looks."""

from __future__ import annotations

from config import env
from config.settings.core import PRODUCTION
from foundation import logs

_LEVEL = env.text("KEYOSK_LOG_LEVEL", "info").upper()
_FORMAT = env.text("KEYOSK_LOG_FORMAT", "json" if PRODUCTION else "console")
if logs.level_number(_LEVEL) is None:
    raise env.BadSetting("KEYOSK_LOG_LEVEL must be debug, info, warning or error")
if _FORMAT not in {"json", "console"}:
    raise env.BadSetting("KEYOSK_LOG_FORMAT must be json or console")

LOGGING = logs.settings(level=_LEVEL, as_json=_FORMAT == "json")
# Celery would put handlers of its own in the place of ours.
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
