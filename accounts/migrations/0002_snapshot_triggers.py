"""Raise the version of the `keys` snapshot on every change of what a relay call knows about a sub-key."""

from django.db import migrations

from foundation.snapshots import trigger_sql

TRIGGERS = [
    trigger_sql(table="accounts_apikey", kind="keys"),
    trigger_sql(table="accounts_membership", kind="keys", columns=("tenant_id", "user_id", "role", '"group"')),
    trigger_sql(table="accounts_tenant", kind="keys"),
    trigger_sql(table="accounts_tenantdomain", kind="keys"),
    # Not on every sign-in, which writes last_login.
    trigger_sql(table="accounts_user", kind="keys", columns=("is_active",)),
]


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("foundation", "0002_snapshot_versions")]

    operations = [migrations.RunSQL(forward, reverse) for forward, reverse in TRIGGERS]
