"""What a picture shows is said in several languages."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0035_accepted_terms")]

    operations = [
        migrations.AddField(
            "productpicture", "translations", models.JSONField(blank=True, default=dict, verbose_name="texts in other languages")
        )
    ]
