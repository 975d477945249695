"""Refuse UPDATE and DELETE on journals and transfers. TRUNCATE is taken away by role: a trigger would break test flushing."""

from django.db import migrations

REFUSE = """
CREATE FUNCTION keyosk_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER journal_append_only BEFORE UPDATE OR DELETE ON billing_journal FOR EACH ROW EXECUTE FUNCTION keyosk_append_only();
CREATE TRIGGER transfer_append_only BEFORE UPDATE OR DELETE ON billing_transfer FOR EACH ROW EXECUTE FUNCTION keyosk_append_only();
"""
ALLOW = """
DROP TRIGGER transfer_append_only ON billing_transfer;
DROP TRIGGER journal_append_only ON billing_journal;
DROP FUNCTION keyosk_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]

    operations = [migrations.RunSQL(REFUSE, ALLOW)]
