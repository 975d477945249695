"""Checks that are under way, and the models upstreams say they serve."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("channels_app", "0004_routing_and_watching"),
    ]

    operations = [
        migrations.AddField(
            model_name="channelcheck",
            name="started_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AlterField(
            model_name="channelcheck",
            name="checked_at",
            field=models.DateTimeField(null=True, verbose_name="checked"),
        ),
        migrations.AlterField(
            model_name="channelcheck",
            name="state",
            field=models.CharField(blank=True, choices=[("ok", "answers"), ("failed", "fails")], max_length=10, verbose_name="state"),
        ),
        migrations.CreateModel(
            name="ModelListing",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "names",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=200), default=list, size=None, verbose_name="models"
                    ),
                ),
                ("problem", models.CharField(blank=True, max_length=300, verbose_name="problem")),
                ("asked_at", models.DateTimeField(verbose_name="asked")),
                (
                    "channel",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="listing",
                        to="channels_app.channel",
                        verbose_name="channel",
                    ),
                ),
            ],
            options={
                "verbose_name": "list of models upstream",
                "verbose_name_plural": "lists of models upstream",
            },
        ),
    ]
