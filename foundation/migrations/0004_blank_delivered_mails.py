"""What delivered mails said is forgotten: from now on when they leave, of those that left before, here."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("foundation", "0003_words"),
    ]

    operations = [
        migrations.RunSQL(
            "UPDATE foundation_outboxmessage SET payload = payload - 'context' - 'payload'"
            " WHERE state = 'delivered' AND topic IN ('notify.email', 'notify.http')",
            migrations.RunSQL.noop,
        ),
    ]
