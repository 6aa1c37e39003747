"""From readings to sums, extremes and histograms, in SQL: shared by minutes and hours, the fleet's and its groups'."""

from typing import Final

# The columns of models.rollups.Figures, in the order in which the statements here give them.
COLUMNS: Final = (
    "samples, cpu_sum, mem_sum, cpu_min, cpu_max, mem_min, mem_max, "
    "disk_samples, disk_sum, disk_min, disk_max, cpu_hist, mem_hist"
)


def figures(by: str = "minute") -> str:
    """CTEs that end in `figures (<by>, <COLUMNS>)`; they follow a relation `readings (<by>, cpu, mem, disk)`.

    Readings are percent; `mem` and `disk` are null without a limit, and `cpu` where a span had no sample. Of the 101
    steps of a histogram, step i holds i to i + 1%. Steps are joined as sets: a look-up per span and step would be
    quadratic. Each step is MATERIALIZED, here and in the other statements of this room: without statistics, as in the
    first minutes of a new database, the planner takes tables for empty, and would work a set out anew for each row.
    """
    return f"""
cpu_steps AS MATERIALIZED (
    SELECT {by}, floor(cpu)::int AS step, count(*)::int AS n FROM readings WHERE cpu IS NOT NULL GROUP BY {by}, step
),
mem_steps AS MATERIALIZED (
    SELECT {by}, floor(mem)::int AS step, count(*)::int AS n FROM readings WHERE mem IS NOT NULL GROUP BY {by}, step
),
totals AS MATERIALIZED (
    SELECT {by}, count(cpu) AS samples, coalesce(sum(cpu), 0) AS cpu_sum, coalesce(sum(mem), 0) AS mem_sum,
           min(cpu) AS cpu_min, max(cpu) AS cpu_max, min(mem) AS mem_min, max(mem) AS mem_max,
           count(disk) AS disk_samples, coalesce(sum(disk), 0) AS disk_sum, min(disk) AS disk_min, max(disk) AS disk_max
    FROM readings GROUP BY {by}
),
figures AS MATERIALIZED (
    SELECT {by}, min(samples) AS samples, min(cpu_sum) AS cpu_sum, min(mem_sum) AS mem_sum,
           min(cpu_min) AS cpu_min, min(cpu_max) AS cpu_max, min(mem_min) AS mem_min, min(mem_max) AS mem_max,
           min(disk_samples) AS disk_samples, min(disk_sum) AS disk_sum, min(disk_min) AS disk_min,
           min(disk_max) AS disk_max,
           array_agg(coalesce(c.n, 0) ORDER BY step) AS cpu_hist, array_agg(coalesce(m.n, 0) ORDER BY step) AS mem_hist
    FROM totals CROSS JOIN generate_series(0, 100) AS g (step)
    LEFT JOIN cpu_steps c USING ({by}, step)
    LEFT JOIN mem_steps m USING ({by}, step)
    GROUP BY {by}
)"""


def added(by: str) -> str:
    """CTEs that end in `figures (<by>, <COLUMNS>)`; they follow a relation `parts (<by>, <COLUMNS>)` and add it up."""
    return f"""
steps AS MATERIALIZED (
    SELECT {by}, u.step, sum(u.cpu)::int AS cpu, sum(u.mem)::int AS mem
    FROM parts CROSS JOIN LATERAL unnest(cpu_hist, mem_hist) WITH ORDINALITY AS u (cpu, mem, step)
    GROUP BY {by}, u.step
),
histograms AS MATERIALIZED (
    SELECT {by}, array_agg(cpu ORDER BY step) AS cpu_hist, array_agg(mem ORDER BY step) AS mem_hist
    FROM steps GROUP BY {by}
),
sums AS MATERIALIZED (
    SELECT {by}, sum(samples) AS samples, sum(cpu_sum) AS cpu_sum, sum(mem_sum) AS mem_sum, min(cpu_min) AS cpu_min,
           max(cpu_max) AS cpu_max, min(mem_min) AS mem_min, max(mem_max) AS mem_max,
           sum(disk_samples) AS disk_samples, sum(disk_sum) AS disk_sum, min(disk_min) AS disk_min,
           max(disk_max) AS disk_max
    FROM parts GROUP BY {by}
),
figures AS MATERIALIZED (SELECT {by}, {COLUMNS} FROM sums JOIN histograms USING ({by}))"""


# Two histograms of one minute, added entry by entry.
ADDED: Final = "(SELECT array_agg(a + b ORDER BY place) FROM unnest({0}, {1}) WITH ORDINALITY AS u (a, b, place))"
