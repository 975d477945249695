"""Where goods stand in a list is no order that somebody placed; nothing changes in the tables."""

from django.db import migrations, models

_sort = models.SmallIntegerField(default=0, verbose_name="place in the list")


class Migration(migrations.Migration):
    dependencies = [("billing", "0032_texts_in_languages")]

    operations = [migrations.AlterField(model, "sort", _sort.clone()) for model in ("category", "product", "productpicture")]
