"""A shop chooses in which unit its customers see quota."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0025_codes_guessed_event"),
    ]

    operations = [
        migrations.AddField(
            model_name="tenant",
            name="quota_unit",
            field=models.CharField(
                choices=[("usd", "US dollars"), ("currency", "the shop's currency"), ("points", "points, 500,000 for $1")],
                default="usd",
                help_text=(
                    "How customers see balances, limits and prices of models; the books stay in dollars. The currency counts at the "
                    "exchange rate of now: another rate changes how balances look, not what they are. While no rate is known: dollars."
                ),
                max_length=8,
                verbose_name="quota is shown in",
            ),
        ),
    ]
