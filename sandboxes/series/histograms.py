"""From readings to a minute's sums and histograms, in SQL: shared by what was polled and what was back-filled."""

from typing import Final

# Follows a relation `readings (minute, cpu, mem)`: percent; `mem` is null without a limit, and counts for CPU alone.
# Gives `figures (minute, samples, cpu_sum, mem_sum, cpu_hist, mem_hist)` for each of its minutes. Of the 101 steps,
# step i holds i to i + 1 %. Steps are joined as sets: a look-up per minute and step would be quadratic.
# Each step is MATERIALIZED, here and in the other statements of this room: without statistics, as in the first minutes
# of a new database, the planner takes tables for empty, and would work a set out anew for each of their rows.
FIGURES: Final = """
cpu_steps AS MATERIALIZED (SELECT minute, floor(cpu)::int AS step, count(*)::int AS n FROM readings GROUP BY 1, 2),
mem_steps AS MATERIALIZED (
    SELECT minute, floor(mem)::int AS step, count(*)::int AS n FROM readings WHERE mem IS NOT NULL GROUP BY 1, 2
),
totals AS MATERIALIZED (
    SELECT minute, count(cpu) AS samples, coalesce(sum(cpu), 0) AS cpu_sum, coalesce(sum(mem), 0) AS mem_sum
    FROM readings GROUP BY minute
),
figures AS MATERIALIZED (
    SELECT t.minute, min(t.samples) AS samples, min(t.cpu_sum) AS cpu_sum, min(t.mem_sum) AS mem_sum,
           array_agg(coalesce(c.n, 0) ORDER BY step) AS cpu_hist, array_agg(coalesce(m.n, 0) ORDER BY step) AS mem_hist
    FROM totals t CROSS JOIN generate_series(0, 100) AS g (step)
    LEFT JOIN cpu_steps c USING (minute, step)
    LEFT JOIN mem_steps m USING (minute, step)
    GROUP BY t.minute
)"""

# Two histograms of one minute, added entry by entry.
ADDED: Final = "(SELECT array_agg(a + b ORDER BY place) FROM unnest({0}, {1}) WITH ORDINALITY AS u (a, b, place))"
