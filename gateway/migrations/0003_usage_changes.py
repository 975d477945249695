"""Mark each tenant's hour that gets usage rows, in the transaction that inserts them; mark what is there already."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION keyosk_uuid7_ms(id uuid) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
  SELECT ('x' || translate(left(id::text, 13), '-', ''))::bit(48)::bigint
$$;
CREATE FUNCTION keyosk_uuid7_hour(id uuid) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
  SELECT to_timestamp(('x' || translate(left(id::text, 13), '-', ''))::bit(48)::bigint / 3600000 * 3600)
$$;
CREATE FUNCTION gateway_mark_usage_hours() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO gateway_usagechange (hour, tenant_id) SELECT DISTINCT keyosk_uuid7_hour(id), tenant_id FROM fresh;
  RETURN NULL;
END $$;
CREATE TRIGGER gateway_usagerecord_mark AFTER INSERT ON gateway_usagerecord
REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION gateway_mark_usage_hours();
INSERT INTO gateway_usagechange (hour, tenant_id) SELECT DISTINCT keyosk_uuid7_hour(id), tenant_id FROM gateway_usagerecord;
"""
REVERSE = """
DROP TRIGGER gateway_usagerecord_mark ON gateway_usagerecord;
DROP FUNCTION gateway_mark_usage_hours();
DROP FUNCTION keyosk_uuid7_hour(uuid);
DROP FUNCTION keyosk_uuid7_ms(uuid);
"""


class Migration(migrations.Migration):
    dependencies = [("gateway", "0002_usage_sums")]

    operations = [migrations.RunSQL(FORWARD, REVERSE)]
