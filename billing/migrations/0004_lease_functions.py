"""The lease protocol as SQL functions: each is one round trip and one transaction.

Locks are taken in one order everywhere: relay worker, accounts by id, budgets by id, slices. SQLSTATE KS001 = the slice's
sequence is not the caller's: an earlier call of it happened, or must not happen any more; the caller resolves.
"""

from django.db import migrations

from foundation.snapshots import trigger_sql

# The windows of one budget as they are now, in the tenant's zone: what is spent, its cap, when it began and ends.
WINDOWS = """
CREATE FUNCTION keyosk_windows(budget billing_keybudget)
RETURNS TABLE (scope text, spent bigint, cap bigint, start timestamptz, resets timestamptz) LANGUAGE sql STABLE AS $$
  WITH place AS (
    SELECT t.zone FROM accounts_apikey k JOIN accounts_tenant t ON t.id = k.tenant_id WHERE k.id = budget.api_key_id
  ), bounds AS (
    SELECT zone, date_trunc('day', now(), zone) AS d, date_trunc('week', now(), zone) AS w, date_trunc('month', now(), zone) AS m,
      coalesce(budget.five_hours_start > now() - interval '5 hours', false) AS in_five FROM place
  )
  SELECT 'key', budget.total_used, budget.total_limit, NULL::timestamptz, NULL::timestamptz
  UNION ALL SELECT '5h', CASE WHEN in_five THEN budget.five_hours_used ELSE 0 END, budget.five_hours_limit,
    CASE WHEN in_five THEN budget.five_hours_start ELSE now() END,
    CASE WHEN in_five THEN budget.five_hours_start ELSE now() END + interval '5 hours' FROM bounds
  UNION ALL SELECT 'day', CASE WHEN budget.day_start = d THEN budget.day_used ELSE 0 END, budget.day_limit, d,
    ((d AT TIME ZONE zone) + interval '1 day') AT TIME ZONE zone FROM bounds
  UNION ALL SELECT 'week', CASE WHEN budget.week_start = w THEN budget.week_used ELSE 0 END, budget.week_limit, w,
    ((w AT TIME ZONE zone) + interval '7 days') AT TIME ZONE zone FROM bounds
  UNION ALL SELECT 'month', CASE WHEN budget.month_start = m THEN budget.month_used ELSE 0 END, budget.month_limit, m,
    ((m AT TIME ZONE zone) + interval '1 month') AT TIME ZONE zone FROM bounds
$$;
"""

BEAT = """
CREATE FUNCTION keyosk_beat(me uuid) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  last timestamptz;
  recalled jsonb;
BEGIN
  SELECT seen INTO last FROM billing_relayworker WHERE id = me AND state = 'live' FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN '{"dead": true}'; END IF;
  UPDATE billing_relayworker SET seen = now() WHERE id = me;
  -- recall_at is the time its transaction began, which may commit after a later beat: look back as long as one may take.
  last := last - interval '3 seconds';
  SELECT coalesce(jsonb_agg(jsonb_build_array(s.is_budget, s.pool)), '[]') INTO recalled FROM billing_slice s
    LEFT JOIN billing_ledgeraccount a ON NOT s.is_budget AND a.id = s.pool
    LEFT JOIN billing_keybudget b ON s.is_budget AND b.id = s.pool
    LEFT JOIN accounts_apikey k ON k.id = b.api_key_id
    WHERE s.worker_id = me AND s.amount > 0
      AND (a.frozen OR a.recall_at > last OR b.recall_at > last OR k.state <> 'active' OR (s.is_budget AND b.id IS NULL));
  RETURN jsonb_build_object('recall', recalled);
END $$;
"""

# known: [[is_budget, pool, seq] …] of the wallet; budgets: [[id, need, want, whole] …]; whole = what the request needs in all.
TAKE = """
CREATE FUNCTION keyosk_take(me uuid, wallet bigint, need bigint, want bigint, whole bigint, known jsonb, budgets jsonb)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  row_account billing_ledgeraccount;
  row_budget billing_keybudget;
  asked record;
  tightest record;
  free bigint := 0;
  total bigint := 0;
  grant_left bigint;
  grant_one bigint;
  busy boolean := false;
  live bigint;
  main bigint;
  from_budgets jsonb := '[]';
  grants jsonb := '[]';
BEGIN
  PERFORM 1 FROM billing_relayworker WHERE id = me AND state = 'live' FOR SHARE;
  IF NOT FOUND THEN RETURN '{"dead": true}'; END IF;
  SELECT id INTO main FROM billing_ledgeraccount WHERE owner = wallet AND kind = 'wallet' AND ledger = 'Q';
  FOR row_account IN SELECT * FROM billing_ledgeraccount WHERE owner = wallet AND kind IN ('wallet', 'lot') AND ledger = 'Q'
      AND NOT frozen AND (expires_at IS NULL OR expires_at > now()) ORDER BY id FOR NO KEY UPDATE LOOP
    free := free + greatest(0, row_account.balance - row_account.held - row_account.floor);
    total := total + greatest(0, row_account.balance - row_account.floor);
    busy := busy OR coalesce(row_account.recall_at > now() - interval '2 seconds', false);
  END LOOP;
  -- Every slice the worker has of this wallet must be as it thinks, touched or not: so a call sent twice happens once.
  IF EXISTS (SELECT FROM billing_slice s
      LEFT JOIN jsonb_array_elements(known) AS k ON (k->>0)::boolean = s.is_budget AND (k->>1)::bigint = s.pool
      WHERE s.worker_id = me AND s.seq <> coalesce((k->>2)::bigint, 0) AND CASE WHEN s.is_budget
        THEN s.pool IN (SELECT (b->>0)::bigint FROM jsonb_array_elements(budgets) AS b)
        ELSE s.pool IN (SELECT id FROM billing_ledgeraccount WHERE owner = wallet AND kind IN ('wallet', 'lot') AND ledger = 'Q') END) THEN
    RAISE EXCEPTION 'the slices of % are not as its worker thinks', wallet USING ERRCODE = 'KS001';
  END IF;
  IF free < need THEN
    UPDATE billing_ledgeraccount SET recall_at = now() WHERE owner = wallet AND kind IN ('wallet', 'lot') AND ledger = 'Q' AND held > 0
      AND (recall_at IS NULL OR recall_at < now() - interval '300 milliseconds');
    RETURN jsonb_build_object('no', jsonb_build_object('scope', 'wallet', 'final', total < whole), 'main', main);
  END IF;
  SELECT greatest(1, count(*)) INTO live FROM billing_relayworker WHERE state = 'live' AND seen > now() - interval '10 seconds';
  FOR asked IN SELECT (b->>0)::bigint AS id, (b->>1)::bigint AS need, (b->>2)::bigint AS want, (b->>3)::bigint AS whole
      FROM jsonb_array_elements(budgets) AS b ORDER BY 1 LOOP
    SELECT * INTO row_budget FROM billing_keybudget WHERE id = asked.id FOR NO KEY UPDATE;
    SELECT w.scope, w.cap - w.spent AS unspent, w.resets INTO tightest FROM keyosk_windows(row_budget) w
      WHERE w.cap IS NOT NULL ORDER BY w.cap - w.spent, w.resets DESC NULLS FIRST LIMIT 1;
    grant_left := coalesce(tightest.unspent, 4611686018427387904) - row_budget.held;
    IF row_budget.id IS NULL OR grant_left < asked.need THEN
      UPDATE billing_keybudget SET recall_at = now() WHERE id = asked.id AND held > 0
        AND (recall_at IS NULL OR recall_at < now() - interval '300 milliseconds');
      RETURN jsonb_build_object('no', jsonb_build_object('scope', coalesce(tightest.scope, 'key'), 'budget', asked.id,
        'final', coalesce(grant_left + row_budget.held < asked.whole, true), 'resets', extract(epoch FROM tightest.resets)), 'main', main);
    END IF;
    IF coalesce(row_budget.recall_at > now() - interval '2 seconds', false) THEN
      grant_one := asked.need;
    ELSE
      grant_one := greatest(asked.need, least(asked.want, grant_left / (2 * live)));
    END IF;
    IF grant_one > 0 THEN
      from_budgets := from_budgets || jsonb_build_array(jsonb_build_array(asked.id, grant_one));
    END IF;
  END LOOP;
  -- From here on nothing is refused any more: all or nothing.
  FOR asked IN SELECT (b->>0)::bigint AS id, (b->>1)::bigint AS x FROM jsonb_array_elements(from_budgets) AS b LOOP
    UPDATE billing_keybudget SET held = held + asked.x WHERE id = asked.id;
    grants := grants || jsonb_build_array(keyosk_lease(me, true, asked.id, asked.x, known, NULL));
  END LOOP;
  grant_left := CASE WHEN busy THEN need ELSE greatest(need, least(want, free / (2 * live))) END;
  FOR row_account IN SELECT * FROM billing_ledgeraccount WHERE owner = wallet AND kind IN ('wallet', 'lot') AND ledger = 'Q'
      AND NOT frozen AND (expires_at IS NULL OR expires_at > now()) ORDER BY expires_at NULLS LAST, kind = 'wallet', id LOOP
    grant_one := least(grant_left, greatest(0, row_account.balance - row_account.held - row_account.floor));
    IF grant_one > 0 THEN
      UPDATE billing_ledgeraccount SET held = held + grant_one WHERE id = row_account.id;
      grants := grants || jsonb_build_array(keyosk_lease(me, false, row_account.id, grant_one, known, row_account.expires_at));
      grant_left := grant_left - grant_one;
    END IF;
  END LOOP;
  IF grant_left > 0 THEN RAISE EXCEPTION 'a lot expired meanwhile' USING ERRCODE = 'serialization_failure'; END IF;
  RETURN jsonb_build_object('grants', grants, 'main', main);
END $$;
"""

LEASE = """
CREATE FUNCTION keyosk_lease(me uuid, budget boolean, target bigint, x bigint, known jsonb, expires timestamptz)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  mine bigint;
BEGIN
  SELECT (k->>2)::bigint INTO mine FROM jsonb_array_elements(known) AS k WHERE (k->>0)::boolean = budget AND (k->>1)::bigint = target;
  mine := coalesce(mine, 0);
  INSERT INTO billing_slice AS s (worker_id, is_budget, pool, amount, seq, delta) VALUES (me, budget, target, x, mine + 1, x)
    ON CONFLICT (worker_id, is_budget, pool) DO UPDATE SET amount = s.amount + x, seq = s.seq + 1, delta = x WHERE s.seq = mine;
  IF NOT FOUND THEN RAISE EXCEPTION 'slice % is not as its worker thinks', target USING ERRCODE = 'KS001'; END IF;
  RETURN jsonb_build_array(budget, target, x, mine + 1, extract(epoch FROM expires - now()));
END $$;
"""

# gives: [[is_budget, pool, x, seq] …]
GIVE = """
CREATE FUNCTION keyosk_give(me uuid, gives jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  one record;
BEGIN
  PERFORM 1 FROM billing_relayworker WHERE id = me AND state = 'live' FOR SHARE;
  IF NOT FOUND THEN RETURN '{"dead": true}'; END IF;
  PERFORM 1 FROM billing_ledgeraccount WHERE id IN (
    SELECT (g->>1)::bigint FROM jsonb_array_elements(gives) AS g WHERE NOT (g->>0)::boolean) ORDER BY id FOR NO KEY UPDATE;
  PERFORM 1 FROM billing_keybudget WHERE id IN (
    SELECT (g->>1)::bigint FROM jsonb_array_elements(gives) AS g WHERE (g->>0)::boolean) ORDER BY id FOR NO KEY UPDATE;
  FOR one IN SELECT (g->>0)::boolean AS is_budget, (g->>1)::bigint AS pool, (g->>2)::bigint AS x, (g->>3)::bigint AS seq
      FROM jsonb_array_elements(gives) AS g ORDER BY 1, 2 LOOP
    UPDATE billing_slice SET amount = amount - one.x, seq = seq + 1, delta = -one.x
      WHERE worker_id = me AND is_budget = one.is_budget AND pool = one.pool AND seq = one.seq;
    IF NOT FOUND THEN RAISE EXCEPTION 'slice % is not as its worker thinks', one.pool USING ERRCODE = 'KS001'; END IF;
    IF one.is_budget THEN
      UPDATE billing_keybudget SET held = held - one.x WHERE id = one.pool;
    ELSE
      UPDATE billing_ledgeraccount SET held = held - one.x WHERE id = one.pool;
    END IF;
  END LOOP;
  RETURN '{"ok": true}';
END $$;
"""

# How did the last TAKE or GIVE end? Afterwards every seq has moved on by one, so that a lost message cannot land any more.
RESOLVE = """
CREATE FUNCTION keyosk_resolve(me uuid, wallet bigint, known jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  one record;
  found_seq bigint;
  found_delta bigint;
  ends jsonb := '[]';
BEGIN
  PERFORM 1 FROM billing_relayworker WHERE id = me AND state = 'live' FOR SHARE;
  IF NOT FOUND THEN RETURN '{"dead": true}'; END IF;
  FOR one IN
      SELECT p.is_budget, p.pool, max(p.seq) AS seq,
        (SELECT expires_at FROM billing_ledgeraccount WHERE id = p.pool AND NOT p.is_budget) AS expires
      FROM (
        SELECT (k->>0)::boolean AS is_budget, (k->>1)::bigint AS pool, (k->>2)::bigint AS seq FROM jsonb_array_elements(known) AS k
        UNION ALL SELECT false, id, 0 FROM billing_ledgeraccount WHERE owner = wallet AND kind IN ('wallet', 'lot') AND ledger = 'Q'
      ) p GROUP BY p.is_budget, p.pool ORDER BY p.is_budget, p.pool LOOP
    INSERT INTO billing_slice (worker_id, is_budget, pool, amount, seq, delta) VALUES (me, one.is_budget, one.pool, 0, one.seq, 0)
      ON CONFLICT (worker_id, is_budget, pool) DO NOTHING;
    SELECT seq, delta INTO found_seq, found_delta FROM billing_slice
      WHERE worker_id = me AND is_budget = one.is_budget AND pool = one.pool FOR NO KEY UPDATE;
    IF found_seq = one.seq THEN
      UPDATE billing_slice SET seq = seq + 1, delta = 0 WHERE worker_id = me AND is_budget = one.is_budget AND pool = one.pool;
      found_delta := 0;
    ELSIF found_seq <> one.seq + 1 THEN
      RETURN '{"lost": true}';
    END IF;
    ends := ends || jsonb_build_array(
      jsonb_build_array(one.is_budget, one.pool, found_delta, one.seq + 1, extract(epoch FROM one.expires - now())));
  END LOOP;
  RETURN jsonb_build_object('ends', ends);
END $$;
"""

# With an age, only a worker that was not seen for so long is buried.
BURY = """
CREATE FUNCTION keyosk_bury(target uuid, age interval) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  UPDATE billing_relayworker SET state = 'dead' WHERE id = target AND state = 'live' AND (age IS NULL OR seen < now() - age);
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM 1 FROM billing_ledgeraccount WHERE id IN (
    SELECT pool FROM billing_slice WHERE worker_id = target AND NOT is_budget) ORDER BY id FOR NO KEY UPDATE;
  PERFORM 1 FROM billing_keybudget WHERE id IN (
    SELECT pool FROM billing_slice WHERE worker_id = target AND is_budget) ORDER BY id FOR NO KEY UPDATE;
  WITH gone AS (DELETE FROM billing_slice WHERE worker_id = target RETURNING is_budget, pool, amount),
  money AS (UPDATE billing_ledgeraccount a SET held = a.held - gone.amount FROM gone WHERE NOT gone.is_budget AND a.id = gone.pool)
  UPDATE billing_keybudget b SET held = b.held - gone.amount FROM gone WHERE gone.is_budget AND b.id = gone.pool;
  RETURN true;
END $$;
"""

# What a posted batch used of budgets: [[id, within the reservation, price] …]. It counts in the windows of now.
SPEND = """
CREATE FUNCTION keyosk_spend(me uuid, bills jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM billing_keybudget WHERE id IN (SELECT (s->>0)::bigint FROM jsonb_array_elements(bills) AS s) ORDER BY id FOR NO KEY UPDATE;
  PERFORM 1 FROM billing_slice WHERE worker_id = me AND is_budget
    AND pool IN (SELECT (s->>0)::bigint FROM jsonb_array_elements(bills) AS s) ORDER BY pool FOR NO KEY UPDATE;
  WITH used AS (
    SELECT b.id, least((s->>1)::bigint, coalesce(c.amount, 0)) AS inside, (s->>2)::bigint AS price,
      w.five, w.five_start, w.day, w.day_start, w.week, w.week_start, w.month, w.month_start
    FROM jsonb_array_elements(bills) AS s JOIN billing_keybudget b ON b.id = (s->>0)::bigint
    LEFT JOIN billing_slice c ON c.worker_id = me AND c.is_budget AND c.pool = b.id
    CROSS JOIN LATERAL (SELECT
      max(spent) FILTER (WHERE scope = '5h') AS five, max(start) FILTER (WHERE scope = '5h') AS five_start,
      max(spent) FILTER (WHERE scope = 'day') AS day, max(start) FILTER (WHERE scope = 'day') AS day_start,
      max(spent) FILTER (WHERE scope = 'week') AS week, max(start) FILTER (WHERE scope = 'week') AS week_start,
      max(spent) FILTER (WHERE scope = 'month') AS month, max(start) FILTER (WHERE scope = 'month') AS month_start
      FROM keyosk_windows(b)) w
  ), slices AS (
    UPDATE billing_slice c SET amount = c.amount - used.inside FROM used WHERE c.worker_id = me AND c.is_budget AND c.pool = used.id
  )
  UPDATE billing_keybudget b SET held = b.held - used.inside, total_used = b.total_used + used.price,
    five_hours_used = used.five + used.price, five_hours_start = used.five_start,
    day_used = used.day + used.price, day_start = used.day_start,
    week_used = used.week + used.price, week_start = used.week_start, month_used = used.month + used.price, month_start = used.month_start
    FROM used WHERE b.id = used.id;
END $$;
"""

FUNCTIONS = [
    (WINDOWS, "keyosk_windows"),
    (LEASE, "keyosk_lease"),
    (BEAT, "keyosk_beat"),
    (TAKE, "keyosk_take"),
    (GIVE, "keyosk_give"),
    (RESOLVE, "keyosk_resolve"),
    (BURY, "keyosk_bury"),
    (SPEND, "keyosk_spend"),
]

LIMITS = ("total_limit", "five_hours_limit", "day_limit", "week_limit", "month_limit")


class Migration(migrations.Migration):
    dependencies = [("billing", "0003_prices"), ("foundation", "0002_snapshot_versions")]

    operations = [
        *(migrations.RunSQL(sql, f"DROP FUNCTION {name}") for sql, name in FUNCTIONS),
        # A changed limit reaches the relay's picture of the key; what is used and held changes all the time and does not.
        migrations.RunSQL(*trigger_sql(table="billing_keybudget", kind="keys", columns=LIMITS)),
    ]
