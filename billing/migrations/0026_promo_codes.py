"""Promo codes: batches of codes that one text stands for."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0025_promotions")]

    operations = [
        migrations.AddField(
            model_name="codebatch",
            name="redeem_from",
            field=models.DateTimeField(blank=True, null=True, verbose_name="redeem from"),
        ),
        migrations.AddField(
            model_name="codebatch",
            name="shared_spelling",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=40),
        ),
        migrations.AddField(
            model_name="codebatch",
            name="shared_text",
            field=models.CharField(blank=True, db_default="", default="", max_length=40, verbose_name="promo code"),
        ),
        migrations.AddConstraint(
            model_name="codebatch",
            constraint=models.UniqueConstraint(
                condition=models.Q(("shared_spelling", ""), _negated=True), fields=("tenant", "shared_spelling"), name="one_promo_per_text"
            ),
        ),
    ]
