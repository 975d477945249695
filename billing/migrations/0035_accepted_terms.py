"""Orders keep which versions of the shop's pages their buyer accepted."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0034_newcomers")]

    operations = [
        migrations.AddField("order", "accepted", models.JSONField(blank=True, db_default=[], default=list, verbose_name="accepted pages"))
    ]
