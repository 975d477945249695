"""Shape log records: constant messages with fields, one line each, and never a secret."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog
from structlog.typing import Processor

HIDDEN = "•••"
# Sub-keys and vendors' keys, access tokens, bearer and JSON web tokens, sealed values, passwords inside addresses.
_SECRET = re.compile(
    r"""\b(?:sk|pk|rk|ak)-[A-Za-z0-9_\-]{8,}
    | \bkp_\w{8,} | \bAIza[\w\-]{20,} | \bAKIA[A-Z0-9]{12,} | \bwhsec_\w{8,} | \bsk_(?:live|test)_\w{8,}
    | (?<=[Bb]earer[ ])\S+ | (?<=[Bb]asic[ ])[A-Za-z0-9+/=]{8,}
    | \beyJ[\w\-]{8,}\.[\w\-.]+ | \bv1\.[0-9a-f]{8}\.[\w\-=]+
    | (?<=://)[^/\s:@]*:[^/\s@]+(?=@)""",
    re.VERBOSE,
)
_SECRET_NAMES = re.compile(
    r"(?i)authorization|cookie|password|secret|api_?key$|^key$|^token$|^code$|access_token|^prompt$|^messages$|^content$",
)


def mask(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide fields with a secret's name, and whatever looks like a key in any text."""
    for name, value in event.items():
        event[name] = HIDDEN if _SECRET_NAMES.search(name) and isinstance(value, str) else _masked(value)
    return event


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return _SECRET.sub(HIDDEN, value)
    if isinstance(value, Mapping):
        return {name: HIDDEN if _SECRET_NAMES.search(str(name)) else _masked(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(part) for part in value]
    return value


def settings(*, level: str, as_json: bool) -> dict[str, Any]:
    """Configure structlog and return Django's LOGGING: our loggers and the libraries' end in the same lines on stderr."""
    stamp = structlog.processors.TimeStamper(fmt="iso" if as_json else "%H:%M:%S", utc=as_json)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(),
        stamp,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    formatter = {"()": structlog.stdlib.ProcessorFormatter, "foreign_pre_chain": shared, "processors": _last(as_json=as_json)}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": formatter},
        "handlers": {"line": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["line"], "level": level},
        "loggers": {
            # Django's own handlers would write some lines twice.
            "django": {"handlers": [], "level": level, "propagate": True},
            # A visitor's 404 is no news.
            "django.request": {"level": "ERROR"},
            # One line for each call that goes out, with its address.
            "httpx": {"level": "WARNING"},
        },
    }


def _last(*, as_json: bool) -> list[Processor]:
    """Return the steps after which a record is text; tracebacks become text before they are searched for secrets."""
    drop: Processor = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if as_json:
        return [drop, structlog.processors.format_exc_info, mask, structlog.processors.JSONRenderer(ensure_ascii=False, default=str)]
    coloured = sys.stderr.isatty() or bool(os.environ.get("FORCE_COLOR"))
    return [drop, structlog.processors.format_exc_info, mask, structlog.dev.ConsoleRenderer(colors=coloured, pad_event_to=40)]


def level_number(name: str) -> int | None:
    """Return logging's number of a level's name, None when there is no such level."""
    return logging.getLevelNamesMapping().get(name.upper())
