"""Import prices from another system: first as a draft that shows every difference, with --apply for good."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from billing import price_book, price_drafts, price_formats
from billing.price_drafts import Change, Draft
from console.management import whose
from console.management.output import Verb


class Command(Verb):
    help = "Compare a price file of one-api, new-api or LiteLLM with the prices that count; --apply takes it over."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", required=True, choices=sorted(price_formats.FORMATS), help="oneapi also reads new-api")
        parser.add_argument("--file", required=True, metavar="FILE", help="the exported JSON")
        parser.add_argument("--tenant", metavar="SLUG", help="whose customers pay these prices; default: the platform")
        parser.add_argument("--model", action="append", default=[], metavar="NAME", help="only this model; may be repeated")
        parser.add_argument("--groups", action="store_true", help="with --apply: take the group ratios over as well")
        parser.add_argument("--apply", action="store_true", help="let the draft count from now on")
        parser.add_argument("--confirm", action="store_true", help="yes, prices become ten times as dear or as cheap")
        self.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(options["file"])
        try:
            foreign = price_formats.FORMATS[options["format"]](path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            self.fail(f"{path} cannot be read: {error}")
        except price_formats.NotReadable as error:
            self.fail(f"{path} is no price file of {options['format']}: {error}")
        models = {name: values for name, values in foreign.models.items() if not options["model"] or name in options["model"]}
        found = price_drafts.draft(foreign=price_formats.Foreign(models, foreign.groups), tenant=whose.tenant(options["tenant"]))
        applied = self._apply(found, f"{options['format']} import of {path.name}"[:200], options) if options["apply"] else None
        self._tell(found, foreign.notes, applied)

    def _apply(self, found: Draft, source: str, options: dict[str, Any]) -> int:
        try:
            return price_drafts.apply(draft=found, source=source, is_confirmed=options["confirm"], with_groups=options["groups"])
        except price_book.NeedsConfirming as error:
            self.fail(f"{error}; say --confirm if that is meant")

    def _tell(self, found: Draft, notes: tuple[str, ...], applied: int | None) -> None:
        rows = [_row(change) for change in found.changes if self.as_json or change.state != "same"]
        if self.as_json:
            self.emit({"applied": applied, "changes": rows, "groups": {k: v / 1_000_000 for k, v in found.groups.items()}, "notes": notes})
            return
        self.emit(rows)
        for note in notes:
            self.stdout.write(note)
        states = [change.state for change in found.changes]
        self.stdout.write(", ".join(f"{states.count(state)} {state}" for state in ("new", "changed", "same", "refused")))
        self.stdout.write(
            "Nothing is changed; --apply takes the draft over." if applied is None else f"{applied} prices count from now on."
        )


def _row(change: Change) -> dict[str, Any]:
    shown = str(change.preview) if change.preview is not None else change.reason
    jump = "tenfold: " + "; ".join(change.preview.jumps) if change.preview is not None and change.preview.jumps else ""
    return {"model": change.model, "state": change.state, "differences": "; ".join(change.differences), "preview": shown, "jump": jump}
