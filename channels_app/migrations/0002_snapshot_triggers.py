"""Raise the version of the `channels` snapshot on every change of what the relay knows about upstreams."""

from django.db import migrations

from foundation.snapshots import trigger_sql

TABLES = ("channels_app_channel", "channels_app_channelkey", "channels_app_channelmodel", "channels_app_channelcost")


class Migration(migrations.Migration):
    dependencies = [("channels_app", "0001_initial"), ("foundation", "0002_snapshot_versions")]

    operations = [migrations.RunSQL(*trigger_sql(table=table, kind="channels")) for table in TABLES]
