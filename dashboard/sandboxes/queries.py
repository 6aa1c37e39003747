"""Keys and values of the live fleet's metadata, counted."""

from typing import Final

# Which keys the fleet's metadata has, from the newest of it; a key whose values are as many as its sandboxes (a trace
# ID) is nothing to choose from.
KEYS: Final = """
    SELECT e.key FROM (
        SELECT metadata FROM sandboxes_sandbox WHERE account_id = ANY(%(accounts)s) AND state <> 'ended'
        ORDER BY id DESC LIMIT %(sample)s
    ) s CROSS JOIN LATERAL jsonb_each_text(s.metadata) AS e
    GROUP BY e.key ORDER BY count(*) DESC, e.key LIMIT 50"""
WORTH: Final = """
    SELECT e.key FROM (
        SELECT metadata FROM sandboxes_sandbox WHERE account_id = ANY(%(accounts)s) AND state <> 'ended'
        ORDER BY id DESC LIMIT %(sample)s
    ) s CROSS JOIN LATERAL jsonb_each_text(s.metadata) AS e
    GROUP BY e.key HAVING count(DISTINCT e.value) <= greatest(%(values)s, count(*) / 4)
    ORDER BY count(*) DESC, e.key LIMIT 20"""
