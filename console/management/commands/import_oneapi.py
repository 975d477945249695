"""Move in from one-api, new-api or one-hub: people, sub-keys, channels, prices, codes and balances, from their database."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from console.management import whose
from console.management.output import Verb
from console.movein import move, people, records, sources
from console.movein.report import Report

MOST_SHOWN = 8


class Command(Verb):
    help = (
        "Move in from a database of one-api, new-api or one-hub. It is only read. --dry-run shows what would come and what needs a person; "
        "a run that was stopped, or is repeated, brings only what has not come yet."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--source", required=True, choices=records.PRODUCTS, help="whose database it is: their numbers differ")
        parser.add_argument(
            "--dsn", required=True, metavar="DSN", help="a path (SQLite), mysql://…, postgresql://…; @FILE reads it from a file"
        )
        parser.add_argument("--tenant", metavar="SLUG", help="whose people they become (default: the platform)")
        parser.add_argument("--label", metavar="NAME", help="tells several databases apart (default: the source)")
        parser.add_argument("--only", action="append", choices=list(move.STEPS), help="only this; may be repeated")
        parser.add_argument("--logs", action="store_true", help="the log too: what people did there, to be read here; no money moves by it")
        parser.add_argument("--logs-dsn", metavar="DSN", default="", help="where the log has a database of its own (LOG_SQL_DSN)")
        parser.add_argument("--staff-balances", action="store_true", help="take balances of administrators too; often they are symbolic")
        parser.add_argument("--dry-run", action="store_true", help="change nothing")
        parser.add_argument("--report", metavar="FILE", help="write every finding as JSON lines")
        self.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        label = options["label"] or options["source"]
        if not 0 < len(label) <= 40:
            self.fail("--label: a name of at most 40 characters")
        try:
            report = move.move(
                product=options["source"],
                dsn=self._dsn(options["dsn"]),
                label=label,
                tenant=whose.tenant(options["tenant"]),
                steps=[*(options["only"] or move.USUAL), *(["logs"] if options["logs"] or options["logs_dsn"] else [])],
                is_rehearsal=options["dry_run"],
                with_staff_balances=options["staff_balances"],
                log_dsn=self._dsn(options["logs_dsn"]),
            )
        except (sources.Unreadable, people.CannotMove) as error:
            self.fail(str(error))
        if options["report"]:
            self._write(report, Path(options["report"]))
        self._tell(report, is_rehearsal=options["dry_run"])

    def _dsn(self, text: str) -> str:
        if not text.startswith("@"):
            return text
        try:
            return Path(text[1:]).read_text(encoding="utf-8").strip()
        except OSError as error:
            self.fail(f"--dsn {text}: {error.strerror}")

    def _write(self, report: Report, path: Path) -> None:
        lines = ({"what": one.kind, "number": one.foreign_id, "finding": one.text} for one in report.findings)
        try:
            path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
        except OSError as error:
            self.fail(f"--report {path}: {error.strerror}")

    def _tell(self, report: Report, *, is_rehearsal: bool) -> None:
        if self.as_json:
            findings = [{"what": one.kind, "number": one.foreign_id, "finding": one.text} for one in report.findings]
            self.emit({"dry_run": is_rehearsal, "moved": list(report.rows()), "sums": report.sums, "findings": findings})
            return
        self.emit(report.rows())
        for name, micros in report.sums.items():
            self.stdout.write(f"{name}: {micros:,}")
        shown: Counter[str] = Counter()
        for finding in report.findings:
            shown[finding.kind] += 1
            if shown[finding.kind] <= MOST_SHOWN:
                self.stdout.write(f"{finding.kind} {finding.foreign_id}: {finding.text}")
        for kind, number in shown.items():
            if number > MOST_SHOWN:
                self.stdout.write(f"{kind}: {number - MOST_SHOWN} more findings (--report FILE writes all)")
        self.stdout.write("Nothing was changed." if is_rehearsal else "Done. Running it again brings only what has not come yet.")
