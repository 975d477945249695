"""Upstream prices of units and context tiers."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("channels_app", "0002_snapshot_triggers"),
    ]

    operations = [
        migrations.AddField(
            model_name="channelcost",
            name="tiers",
            field=models.JSONField(blank=True, default=list, verbose_name="context tiers"),
        ),
        migrations.AddField(
            model_name="channelcost",
            name="units",
            field=models.JSONField(blank=True, default=dict, verbose_name="units"),
        ),
    ]
