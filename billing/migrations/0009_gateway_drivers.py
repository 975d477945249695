"""Gateways tell us things at an address of the account; drivers keep what they need of a payment."""

import secrets

from django.db import migrations, models


def give_tokens(apps, schema_editor):
    for account in apps.get_model("billing", "GatewayAccount").objects.filter(token=None):
        account.token = secrets.token_hex(12)
        account.save(update_fields=["token"])


class Migration(migrations.Migration):
    dependencies = [("billing", "0008_limit_alerts")]

    operations = [
        migrations.AddField("gatewayaccount", "token", models.CharField(editable=False, max_length=24, null=True)),
        migrations.RunPython(give_tokens, migrations.RunPython.noop),
        migrations.AlterField("gatewayaccount", "token", models.CharField(editable=False, max_length=24, unique=True)),
        migrations.AddField(
            "paymentattempt", "details", models.JSONField(blank=True, default=dict, editable=False, verbose_name="details")
        ),
    ]
