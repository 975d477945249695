"""Make the data fit the code once the database is there: migrations, then the demo or the way in for the first operator."""

from __future__ import annotations

from django.conf import settings
from django.core.management import call_command
from django.db import connections

from accounts import setup
from console import demo
from console.start import summary
from gateway import retention


def prepare(port: int) -> str:
    """Migrate, make the months of usage ahead, seed the demo when it is wanted, and return the summary to print."""
    try:
        call_command("migrate", interactive=False, verbosity=0)
        retention.make_months()
        return _demo(port) if settings.DEMO else _real(port)
    finally:
        connections.close_all()


def _demo(port: int) -> str:
    values = {**demo.seed(), **summary.addresses(port=port, mail=settings.MAIL_DIR)}
    summary.write_env(settings.VAR_DIR / "demo.env", values)
    return summary.demo(values)


def _real(port: int) -> str:
    host = settings.PLATFORM_HOSTS[0] if settings.PLATFORM_HOSTS else "127.0.0.1"
    base = f"https://{host}" if settings.HTTPS else f"http://{host}:{port}"
    way_in = setup.issue_setup_link()
    return summary.production(base=base, setup_url=way_in and f"{base}{way_in}")
