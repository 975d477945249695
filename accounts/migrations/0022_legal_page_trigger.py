"""Raise the version of the `shop` snapshot when legal pages come or go: every page links those that are there."""

from django.db import migrations

from foundation.snapshots import trigger_sql

_FORWARD, _REVERSE = trigger_sql(table="accounts_legalpage", kind="shop", columns=("tenant_id", "kind"))


class Migration(migrations.Migration):
    dependencies = [("accounts", "0021_referrals"), ("foundation", "0002_snapshot_versions")]

    operations = [migrations.RunSQL(_FORWARD, _REVERSE)]
