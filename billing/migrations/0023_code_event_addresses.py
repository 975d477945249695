"""Code events stay as they were written; only their address may be shortened later, for privacy."""

from django.db import migrations

FORWARD = """
DROP TRIGGER code_event_append_only ON billing_codeevent;
CREATE TRIGGER code_event_append_only
BEFORE DELETE OR UPDATE OF id, code_id, before, after, actor_id, order_id, reason, created_at ON billing_codeevent
FOR EACH ROW EXECUTE FUNCTION keyosk_append_only();
"""
REVERSE = """
DROP TRIGGER code_event_append_only ON billing_codeevent;
CREATE TRIGGER code_event_append_only BEFORE UPDATE OR DELETE ON billing_codeevent
FOR EACH ROW EXECUTE FUNCTION keyosk_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0022_withdrawals")]

    operations = [migrations.RunSQL(FORWARD, REVERSE)]
