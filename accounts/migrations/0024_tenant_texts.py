"""Texts of a shop in several languages."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0023_referral_event")]

    operations = [
        migrations.AddField("tenant", "translations", models.JSONField(blank=True, default=dict, verbose_name="texts in other languages")),
    ]
