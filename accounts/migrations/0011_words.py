"""People, memberships and sub-keys are searched by words and listed tenant by tenant: the indexes for both."""

from django.contrib.postgres.indexes import GinIndex
from django.db import migrations, models

from foundation.words import ListedWords, Words


class Migration(migrations.Migration):
    dependencies = [("accounts", "0010_origins"), ("foundation", "0003_words")]

    operations = [
        migrations.AddIndex("apikey", GinIndex(ListedWords("name", "tags"), name="words_of_keys")),
        migrations.AddIndex("apikey", models.Index(fields=["tenant", "id"], name="key_tenant")),
        migrations.AddIndex("apikey", models.Index(fields=["membership", "id"], name="key_membership")),
        migrations.AddIndex("membership", GinIndex(Words("username", "note"), name="words_of_memberships")),
        migrations.AddIndex("membership", models.Index(fields=["tenant", "id"], name="membership_tenant")),
        migrations.AddIndex("user", GinIndex(Words("email", "name"), name="words_of_people")),
    ]
