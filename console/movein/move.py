"""The whole move, in an order in which each step finds what it needs. A stopped run goes on where it was when it is run again."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from accounts import arrivals, audit
from accounts.models import Tenant
from billing import openings
from console.movein import logs, people, prices, sources, subkeys, upstreams, vouchers
from console.movein.report import Report
from console.movein.world import World

STEPS = {
    "prices": prices.move,
    "people": people.move,
    "keys": subkeys.move,
    "codes": vouchers.move,
    "channels": upstreams.move,
    "logs": logs.move,
}
# The log is long and nothing depends on it: it comes when it is asked for.
USUAL = tuple(name for name in STEPS if name != "logs")
_TABLES = ("users", "tokens", "channels", "redemptions", "options")


def move(
    *,
    product: str,
    dsn: str,
    label: str,
    tenant: Tenant,
    steps: Sequence[str],
    is_rehearsal: bool,
    with_staff_balances: bool = False,
    log_dsn: str = "",
) -> Report:
    """Move what `steps` name and return what was done, or would be. `log_dsn` names a database of its own for the log.

    Raises sources.Unreadable and people.CannotMove.
    """
    with ExitStack() as exits:
        source = exits.enter_context(sources.opened(dsn))
        log = exits.enter_context(sources.opened(log_dsn)) if log_dsn else source
        _refuse_stranger(source, product)
        if "logs" in steps and not log.columns("logs"):
            raise sources.Unreadable("there is no log in this database: say --logs-dsn where the log has one of its own")
        world = World(product, label, tenant, source, log, is_rehearsal, with_staff_balances)
        before = arrivals.origins(source=label, kind="person")
        world.members = {number: row.local_id for number, row in before.items()}
        world.known = {number: row.foreign_name for number, row in before.items()}
        for name, step in STEPS.items():
            if name in steps:
                step(world)
    if "people" in steps:
        world.report.sums["in wallets here, less debts, µ$"] = openings.opened(reference=world.reference)
    if not is_rehearsal:
        moved = {f"{kind} {outcome}": number for (kind, outcome), number in world.report.counts.items()}
        audit.record(actor=None, action="movein", target=world.reference, after=moved, tenant=tenant)
    return world.report


def _refuse_stranger(source: sources.Source, product: str) -> None:
    """Tell a database that is none of the product's before anything is read from it."""
    lacking = [table for table in _TABLES if not source.columns(table)]
    if lacking:
        raise sources.Unreadable(f"this is no database of {product}: it has no table {', '.join(lacking)}")
    looks = _looks_like(source)
    if looks != product:
        raise sources.Unreadable(f"this looks like a database of {looks}: say --source {looks}")


def _looks_like(source: sources.Source) -> str:
    """Tell the products apart by what only one of them has."""
    if source.columns("user_groups") and source.columns("prices"):
        return "one-hub"
    return "new-api" if "model_limits" in source.columns("tokens") else "one-api"
