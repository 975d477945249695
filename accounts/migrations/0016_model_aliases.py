"""Other names of models, of a sub-key's own."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0015_mail_texts"),
    ]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="model_aliases",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=245), blank=True, default=list, size=None, verbose_name="other names of models"
            ),
        ),
    ]
