"""The function behind every snapshot trigger; versions come from a sequence, so that none is ever used twice."""

from django.db import migrations

FORWARD = """
CREATE SEQUENCE foundation_snapshot_versions;
CREATE FUNCTION foundation_bump_snapshot() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO foundation_snapshotversion (kind, version)
    VALUES (TG_ARGV[0], nextval('foundation_snapshot_versions'))
    ON CONFLICT (kind) DO UPDATE SET version = nextval('foundation_snapshot_versions');
    RETURN NULL;
END
$$;
"""
REVERSE = """
DROP FUNCTION foundation_bump_snapshot();
DROP SEQUENCE foundation_snapshot_versions;
"""


class Migration(migrations.Migration):
    dependencies = [("foundation", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, REVERSE)]
