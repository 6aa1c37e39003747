"""One statement that puts samples into MetricSeries: per sandbox and hour, merged in order, none twice."""

from typing import Final

# Follows a relation `samples (key, unix, cpu, mem, disk)` and takes %(source)s and %(step)s.
# - Sandboxes that are gone from the record are left out: their series went with them. Asked once a row, by the index
#   (OFFSET keeps it from becoming a join, which took minutes while the planner had no statistics of a fleet that had
#   just come; asked for each sample, in an array of all keys, 600,000 samples took 21 s).
# - Most rows only grow at the end: their arrays are joined. The rest are sorted again; of two samples with the same
#   time the one that was there stays.
# - An aggregate without rows still gives one row of nulls: HAVING drops it.
MERGE: Final = """
hours AS MATERIALIZED (
    SELECT key, unix / 3600 AS hour,
           array_agg((unix %% 3600)::smallint ORDER BY unix) AS offsets,
           array_agg(cpu ORDER BY unix) AS cpu,
           array_agg(mem ORDER BY unix) AS mem,
           array_agg(disk ORDER BY unix) AS disk,
           max(cpu) AS cpu_max, max(mem) AS mem_max
    FROM (SELECT DISTINCT ON (key, unix) * FROM samples ORDER BY key, unix) once
    GROUP BY 1, 2
)
INSERT INTO sandboxes_metricseries AS held
    (sandbox_id, hour, source, step_seconds, offsets, cpu, mem, disk, cpu_max, mem_max)
SELECT key, to_timestamp(hour * 3600), %(source)s, %(step)s, offsets, cpu, mem, disk, cpu_max, mem_max FROM hours
WHERE EXISTS (SELECT FROM sandboxes_sandbox s WHERE s.id = hours.key OFFSET 0)
ON CONFLICT (sandbox_id, hour, source) DO UPDATE SET
    (offsets, cpu, mem, disk) = (
        SELECT held.offsets || EXCLUDED.offsets, held.cpu || EXCLUDED.cpu,
               held.mem || EXCLUDED.mem, held.disk || EXCLUDED.disk
        WHERE held.offsets[cardinality(held.offsets)] < EXCLUDED.offsets[1]
        UNION ALL
        SELECT array_agg(o ORDER BY o), array_agg(c ORDER BY o), array_agg(m ORDER BY o), array_agg(d ORDER BY o)
        FROM (
            SELECT DISTINCT ON (o) o, c, m, d FROM (
                SELECT 0 AS rank, * FROM unnest(held.offsets, held.cpu, held.mem, held.disk) AS a (o, c, m, d)
                UNION ALL
                SELECT 1, * FROM unnest(EXCLUDED.offsets, EXCLUDED.cpu, EXCLUDED.mem, EXCLUDED.disk) AS b (o, c, m, d)
            ) both_ ORDER BY o, rank
        ) merged
        WHERE NOT held.offsets[cardinality(held.offsets)] < EXCLUDED.offsets[1]
        HAVING count(*) > 0
    ),
    cpu_max = greatest(held.cpu_max, EXCLUDED.cpu_max),
    mem_max = greatest(held.mem_max, EXCLUDED.mem_max),
    step_seconds = least(held.step_seconds, EXCLUDED.step_seconds),
    rolled = false"""
