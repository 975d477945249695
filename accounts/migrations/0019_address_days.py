"""A shop may keep network addresses shorter than the platform."""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0018_support_visits"),
    ]

    operations = [
        migrations.AddField(
            model_name="tenant",
            name="address_days",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="Then only their network stays. Never longer than the platform keeps them; empty: as long as the platform.",
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="days that network addresses are kept",
            ),
        ),
    ]
