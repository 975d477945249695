"""Keep the audit trail as it was written; only an address may be shortened later, for privacy."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION accounts_refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER accounts_auditevent_append_only
BEFORE DELETE OR UPDATE OF id, tenant_id, actor_id, action, target, before, after, created_at ON accounts_auditevent
FOR EACH ROW EXECUTE FUNCTION accounts_refuse_audit_change();
"""
REVERSE = """
DROP TRIGGER accounts_auditevent_append_only ON accounts_auditevent;
DROP FUNCTION accounts_refuse_audit_change();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_snapshot_triggers")]

    operations = [migrations.RunSQL(FORWARD, REVERSE)]
