"""Who runs now by a key, and how everybody stands against the limits, written a round at a time."""

from typing import Final

# `{group}` is an expression over `s` and `a` of `cost.question`.
RUNNING: Final = """
SELECT {group} AS grp, count(*), sum(s.burn_usd_per_hour)
FROM sandboxes_sandbox s JOIN sandboxes_account a ON a.id = s.account_id
WHERE s.account_id = %(account)s AND s.state = 'running' GROUP BY 1"""
# One that stays in its state keeps the time at which that began.
WRITE: Final = """
INSERT INTO sandboxes_limitstate AS s
    (limit_id, value, account_id, state, used_pct, since, at, running, usd_today, usd_this_month, forecast_at)
SELECT l.id, n.value, n.account, n.state, n.used_pct, %(now)s, %(now)s, n.running, n.today, n.month, n.forecast
FROM unnest(%(limits)s::bigint[], %(values)s::text[], %(accounts)s::bigint[], %(states)s::text[],
            %(used)s::float8[], %(running)s::integer[], %(today)s::numeric[], %(month)s::numeric[],
            %(forecasts)s::timestamptz[])
    AS n (limit_id, value, account, state, used_pct, running, today, month, forecast)
JOIN sandboxes_limit l ON l.id = n.limit_id
ON CONFLICT (limit_id, value, account_id) DO UPDATE SET
    state = excluded.state, used_pct = excluded.used_pct, at = excluded.at, running = excluded.running,
    usd_today = excluded.usd_today, usd_this_month = excluded.usd_this_month, forecast_at = excluded.forecast_at,
    since = CASE WHEN s.state = excluded.state THEN s.since ELSE excluded.since END"""
