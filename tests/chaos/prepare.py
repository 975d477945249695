"""Fill the database of a storm: funded wallets with a sub-key each, a channel to the scripted upstream, its price."""

from __future__ import annotations

import io
import os
import sys

import django


def main(upstream: str, wallets: int) -> None:
    """Create everything through the rooms' own verbs and print the sub-keys."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from django.core.management import call_command  # noqa: PLC0415  # Django must be set up first

    from accounts import keys, tenants  # noqa: PLC0415
    from accounts.models import User  # noqa: PLC0415

    channel = ("--name", "chaos", "--provider", "openai", "--base-url", f"{upstream}/v1", "--key", "sk-chaos", "--models", "chaos")
    quiet = io.StringIO()
    call_command("add_channel", *channel, stdout=quiet)
    call_command("set_price", "--model", "chaos", "--input", "3", "--output", "15", stdout=quiet)
    for number in range(wallets):
        email = f"chaos{number}@example.com"
        membership = tenants.join(tenant=tenants.root(), user=User.objects.create_user(email=email))
        call_command("grant", "--user", email, "--usd", "50", stdout=quiet)
        print(keys.issue(membership=membership, name="chaos").secret)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
