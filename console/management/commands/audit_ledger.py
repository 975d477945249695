"""Prove the books: every invariant of the money, recomputed in one snapshot."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from billing import audit
from console.management.output import Verb
from gateway import reconcile, tails


class Command(Verb):
    help = "Recompute the ledger's invariants. Exit code 1 when something is wrong."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--wait", type=float, default=0.0, metavar="SECONDS", help="first wait so long until every spool is posted")
        self.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        until = time.monotonic() + options["wait"]
        while not tails.is_flushed(settings.SPOOL_DIR):
            if time.monotonic() >= until:
                if options["wait"]:
                    self.fail("the spools are not posted yet: is the flusher running? (manage.py flush_spools)")
                break
            time.sleep(0.1)
        found = audit.run(more=reconcile.CHECKS)
        rows = [{"invariant": one.invariant, "subject": one.subject, "detail": one.detail} for one in found]
        if self.as_json:
            self.emit({"ok": not found, "findings": rows})
        elif found:
            self.emit(rows)
        else:
            self.emit({"ok": True, "findings": "none"})
        if found:
            self.fail(f"{len(found)} findings: the books are not right")
