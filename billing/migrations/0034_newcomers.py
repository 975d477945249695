"""A promo code can be for newcomers alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0033_place_in_the_list")]

    operations = [
        migrations.AddField(
            "codebatch", "new_only", models.BooleanField(default=False, db_default=False, verbose_name="for newcomers only")
        )
    ]
