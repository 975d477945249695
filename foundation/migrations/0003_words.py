"""Words of texts, found by their beginnings: what foundation.words indexes and asks for."""

from django.db import migrations

# Both stand alone: an index is built with a search path that finds no function of ours.
FORWARD = r"""
CREATE FUNCTION keyosk_words(texts text[]) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1000 AS $$
    SELECT to_tsvector('pg_catalog.simple', regexp_replace(regexp_replace(array_to_string(texts, ' '),
        '[^[:alnum:]]+', ' ', 'g'), '([\u3400-\u9fff\uf900-\ufaff])', ' \1 ', 'g'))
$$;
CREATE FUNCTION keyosk_wanted(typed text) RETURNS tsquery LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT to_tsquery('pg_catalog.simple', nullif(plainto_tsquery('pg_catalog.simple', regexp_replace(regexp_replace(typed,
        '[^[:alnum:]]+', ' ', 'g'), '([\u3400-\u9fff\uf900-\ufaff])', ' \1 ', 'g'))::text, '') || ':*')
$$;
"""
REVERSE = """
DROP FUNCTION keyosk_wanted(text);
DROP FUNCTION keyosk_words(text[]);
"""


class Migration(migrations.Migration):
    dependencies = [("foundation", "0002_snapshot_versions")]

    operations = [migrations.RunSQL(FORWARD, REVERSE)]
