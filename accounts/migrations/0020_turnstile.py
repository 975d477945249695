"""A tenant may have Cloudflare ask whether a visitor is human."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0019_address_days"),
    ]

    operations = [
        migrations.CreateModel(
            name="Turnstile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("site_key", models.CharField(max_length=100, verbose_name="site key")),
                ("sealed", models.TextField(editable=False)),
                (
                    "mode",
                    models.CharField(
                        choices=[("instead", "in place of the built-in check"), ("both", "on top of the built-in check")],
                        default="instead",
                        max_length=8,
                        verbose_name="asked",
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                ("failure", models.CharField(blank=True, editable=False, max_length=200, verbose_name="last failure")),
                ("failed_at", models.DateTimeField(editable=False, null=True, verbose_name="failed")),
                (
                    "tenant",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="turnstile", to="accounts.tenant", verbose_name="tenant"
                    ),
                ),
            ],
            options={
                "verbose_name": "Turnstile check",
                "verbose_name_plural": "Turnstile checks",
            },
        ),
    ]
