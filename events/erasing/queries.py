"""The SQL of an erasure in the record of events."""

from typing import Final

# Of the owner's sandboxes, and of any sandbox that an event once said to be the owner's.
EVENTS: Final = """
SELECT id, data, raw FROM events_lifecycleevent e
WHERE account_id = %(account)s AND (sandbox_id = ANY(%(ids)s) OR EXISTS (
  SELECT FROM unnest(%(owner_keys)s::text[]) k WHERE e.data -> 'sandbox_metadata' ->> k = %(owner)s))
ORDER BY id"""
SET_EVENT: Final = "UPDATE events_lifecycleevent SET data = %s::jsonb, raw = %s::json WHERE id = %s"
