"""Fill a fresh database for the bench: a funded person, a sub-key, two channels to the mock upstream, their prices.

Run as `python -m bench.prepare UPSTREAM_URL` with the environment of the stack; prints the sub-key.
"""

from __future__ import annotations

import os
import sys

import django


def main(upstream: str) -> None:
    """Create everything through the rooms' own verbs and print the key."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from django.core.management import call_command  # noqa: PLC0415  # Django must be set up first

    from accounts import keys, tenants  # noqa: PLC0415
    from accounts.models import User  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    person = User.objects.create_user(email="bench@example.com")
    membership = tenants.join(tenant=tenants.root(), user=person)
    call_command("grant", "--user", "bench@example.com", "--usd", "1000000", "--json", stdout=sys.stderr)
    for kind in ("plain", "stream"):
        call_command(
            "add_channel",
            *("--name", f"bench-{kind}", "--provider", "openai", "--base-url", f"{upstream}/{kind}/v1"),
            *("--key", "sk-bench", "--models", f"bench-{kind}=bench-upstream", "--json"),
            stdout=sys.stderr,
        )
        call_command("set_price", "--model", f"bench-{kind}", "--input", "2.5", "--output", "10", "--json", stdout=sys.stderr)
    print(keys.issue(membership=membership, name="bench").secret)


if __name__ == "__main__":
    main(sys.argv[1])
