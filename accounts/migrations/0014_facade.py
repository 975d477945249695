"""Which product's tools a shop answers."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0013_mail_servers"),
    ]

    operations = [
        migrations.AddField(
            model_name="tenant",
            name="facade",
            field=models.CharField(
                blank=True,
                choices=[("", "none"), ("one-api", "one-api"), ("new-api", "new-api")],
                default="",
                help_text="Balance widgets and key tools of one-api and new-api find the addresses they know.",
                max_length=10,
                verbose_name="answers tools made for",
            ),
        ),
    ]
