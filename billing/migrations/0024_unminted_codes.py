"""Large batches are minted by a worker: how many of their codes are still to come."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0023_code_event_addresses")]

    operations = [
        migrations.AddField(
            model_name="codebatch",
            name="unminted",
            field=models.PositiveIntegerField(db_default=0, default=0, editable=False, verbose_name="still to be made"),
        ),
    ]
