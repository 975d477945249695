"""When a payment account failed last, and why."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0041_coupon_limits"),
    ]

    operations = [
        migrations.AddField(
            model_name="gatewayaccount",
            name="failed_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="failed last"),
        ),
        migrations.AddField(
            model_name="gatewayaccount",
            name="failure",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=200, verbose_name="why it failed"),
        ),
    ]
