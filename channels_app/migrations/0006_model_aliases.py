"""Other names of models, and the model that answers where clients ask for a small one by a name of their own."""

import django.db.models.deletion
from django.db import migrations, models

from foundation.snapshots import trigger_sql


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("channels_app", "0005_checks_and_listings"),
    ]

    operations = [
        migrations.AddField(
            model_name="routingpolicy",
            name="utility_model",
            field=models.CharField(
                blank=True,
                help_text="Chat clients ask for small models by names of their own. Where you do not offer such a name, "
                "this model answers and is charged. Empty: they are refused.",
                max_length=120,
                verbose_name="model for titles and summaries",
            ),
        ),
        migrations.CreateModel(
            name="ModelAlias",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(help_text="A * stands for anything: claude-haiku-*", max_length=120, verbose_name="name")),
                ("model", models.CharField(max_length=120, verbose_name="model")),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="model_aliases",
                        to="accounts.tenant",
                        verbose_name="tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "other name of a model",
                "verbose_name_plural": "other names of models",
                "ordering": ["tenant", "name"],
                "constraints": [models.UniqueConstraint(fields=("tenant", "name"), name="one_model_per_alias")],
            },
        ),
        migrations.RunSQL(*trigger_sql(table="channels_app_modelalias", kind="channels")),
    ]
