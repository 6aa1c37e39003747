"""The fleet over time, whole and by group: from minutes where there are any, else from their steps."""

from typing import Final

# Times are numbers by date_part: extract gives decimals, which take PostgreSQL three times as long.

# A row for each minute, of all accounts together: levels are what they were at its end. Where steps of ten minutes or
# an hour are asked for, those that are added up already stand in for their minutes, each with its least and its
# greatest level.
MINUTES: Final = """
FROM sandboxes_fleetminute
WHERE account_id = ANY(%(accounts)s) AND minute >= greatest(to_timestamp(%(start)s), %(steps_until)s::timestamptz)
  AND minute < to_timestamp(%(end)s)"""
STEPS: Final = """
FROM {table}
WHERE account_id = ANY(%(accounts)s) AND {time} >= to_timestamp(%(start)s) AND {time} < %(steps_until)s::timestamptz
  AND {time} < to_timestamp(%(end)s)"""
LEVELS: Final = f"""
SELECT floor((date_part('epoch', at) - %(start)s) / %(width)s)::int AS cell,
       min(running_min)::float8, max(running_max)::float8, min(paused_min)::float8, max(paused_max)::float8,
       min(burn_min)::float8, max(burn_max)::float8, sum(started)::float8, sum(ended)::float8
FROM (
    SELECT minute AS at, sum(running) AS running_min, sum(running) AS running_max, sum(paused) AS paused_min,
           sum(paused) AS paused_max, sum(burn_usd_per_hour) AS burn_min, sum(burn_usd_per_hour) AS burn_max,
           sum(started) AS started, sum(ended) AS ended
    {MINUTES} GROUP BY minute
    UNION ALL
    SELECT {{time}}, sum(running_min), sum(running_max), sum(paused_min), sum(paused_max), sum(burn_min), sum(burn_max),
           sum(started), sum(ended)
    {STEPS} GROUP BY {{time}}
) spans GROUP BY cell"""
# All of them as one row: to take a thousand rows from PostgreSQL costs more than to read them.
HISTOGRAMS: Final = f"""
SELECT array_send(array_agg(cell)), string_agg(array_send(cpu_hist), ''), string_agg(array_send(mem_hist), '') FROM (
    SELECT floor((date_part('epoch', minute) - %(start)s) / %(width)s)::int AS cell, cpu_hist, mem_hist
    {MINUTES} AND samples > 0 AND date_part('epoch', minute)::bigint / 60 %% %(every)s = 0
    UNION ALL
    SELECT floor((date_part('epoch', {{time}}) - %(start)s) / %(width)s)::int, cpu_hist, mem_hist
    {STEPS} AND samples > 0 AND date_part('epoch', {{time}})::bigint / %(unit)s %% %(every)s = 0
) spans"""
# Until then every account asked for has its steps; one without any has none to wait for.
STEPS_UNTIL: Final = """
SELECT coalesce(min(until), '-infinity')::text FROM (
    SELECT max({time}) + %(unit)s * interval '1 second' AS until FROM {table}
    WHERE account_id = ANY(%(accounts)s) GROUP BY account_id
) newest"""
# Steps of ten minutes or an hour as far as every account has them, minutes after them.
GROUP_ROWS: Final = """
FROM sandboxes_fleetgroup
WHERE account_id = ANY(%(accounts)s) AND kind = %(kind)s AND (
    (span_seconds = %(unit)s AND at >= to_timestamp(%(start)s) AND at < least(to_timestamp(%(end)s), %(until)s))
    OR (span_seconds = 60 AND at >= greatest(to_timestamp(%(start)s), %(until)s) AND at < to_timestamp(%(end)s)))"""
GROUP_STEPS_UNTIL: Final = """
SELECT coalesce(min(until), '-infinity')::text FROM (
    SELECT max(at) + %(unit)s * interval '1 second' AS until FROM sandboxes_fleetgroup
    WHERE account_id = ANY(%(accounts)s) AND kind = %(kind)s AND span_seconds = %(unit)s GROUP BY account_id
) newest"""
# Whether a name is told or counts among the rest is settled first: it needs no histogram.
GROUP_NAMES: Final = f"""
SELECT name {GROUP_ROWS} AND NOT rest GROUP BY name ORDER BY sum(samples) DESC, name LIMIT %(biggest)s"""
# How many there were in a cell is the most of any minute or step in it, over all accounts; a null name is the rest.
# Times are numbers by date_part: extract gives decimals, which take PostgreSQL three times as long.
CELL: Final = "floor((date_part('epoch', at) - %(start)s) / %(width)s)::int"
KNOWN_AS: Final = "CASE WHEN NOT rest AND name = ANY(%(names)s) THEN name END AS known_as"
GROUP_SANDBOXES: Final = f"""
SELECT {CELL} AS cell, known_as, max(number) FROM (
    SELECT at, {KNOWN_AS}, sum(sandboxes)::int AS number {GROUP_ROWS} GROUP BY at, known_as
) by_time GROUP BY cell, known_as"""
# A row for each name: to take a thousand rows from PostgreSQL costs more than to read them.
GROUP_HISTOGRAMS: Final = f"""
SELECT known_as, array_send(array_agg(cell)), string_agg(array_send(cpu_hist), ''), string_agg(array_send(mem_hist), '')
FROM (
    SELECT {CELL} AS cell, {KNOWN_AS}, cpu_hist, mem_hist
    {GROUP_ROWS} AND date_part('epoch', at)::bigint / span_seconds %% %(every)s = 0
) spans GROUP BY known_as"""
