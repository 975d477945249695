"""Keep what failed: the code of a call that nobody answered, and why each channel that was tried did not answer."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("gateway", "0003_usage_changes")]

    operations = [
        migrations.AddField(
            model_name="usagerecord",
            name="error",
            field=models.CharField(blank=True, db_default="", max_length=40, verbose_name="error"),
        ),
        migrations.AddField(
            model_name="usagerecord",
            name="reasons",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=40), db_default=[], default=list, verbose_name="reasons of the channels tried"
            ),
        ),
    ]
