"""Deliveries that wait, and what the audit's chain says of actions."""

from typing import Final

# The first that is due, behind no other of its subject that still waits.
NEXT_DUE: Final = """
SELECT d.id FROM sandboxes_delivery d JOIN sandboxes_notification n ON n.id = d.notification_id
WHERE d.channel_id = %(channel)s AND d.state = 'waiting' AND d.next_try_at <= %(now)s
  AND NOT EXISTS (
    SELECT 1 FROM sandboxes_notification m JOIN sandboxes_delivery e ON e.notification_id = m.id
    WHERE m.subject = n.subject AND e.channel_id = d.channel_id AND e.state = 'waiting' AND e.id < d.id)
ORDER BY d.id LIMIT 1"""
# Sealed entries alone: their numbers become visible in order, so that a cursor over them passes none by.
NEWEST_NUMBER: Final = "SELECT coalesce(max(number), 0) FROM sandboxes_auditentry"
# Of the next so many entries: the last one's number, and the actions of those that tell of the state.
HAPPENED: Final = """
WITH next AS (
  SELECT number, action_id, at, change FROM sandboxes_auditentry
  WHERE number > %(after)s ORDER BY number LIMIT %(most)s)
SELECT (SELECT max(number) FROM next), number, action_id, at FROM next
WHERE action_id <> 0 AND change ->> 'state' = %(state)s
  AND (NOT %(made)s OR (change ? 'requested_at' AND change ->> 'actor_kind' = 'policy'))
ORDER BY number"""
LAST_OF_NEXT: Final = """
SELECT coalesce(max(number), %(after)s) FROM (
  SELECT number FROM sandboxes_auditentry WHERE number > %(after)s ORDER BY number LIMIT %(most)s) AS next"""
# By channel: arrived and failed within the time, typical time in ms; of the accounts that may be seen.
COUNTS: Final = """
SELECT d.channel_id, count(*) FILTER (WHERE d.state = 'sent'), count(*) FILTER (WHERE d.state = 'failed'),
  percentile_disc(0.5) WITHIN GROUP (ORDER BY d.ms) FILTER (WHERE d.state = 'sent'),
  max(d.at) FILTER (WHERE d.state = 'sent')
FROM sandboxes_delivery d JOIN sandboxes_notification n ON n.id = d.notification_id
WHERE n.created_at >= %(since)s AND (%(everything)s OR n.account_id = ANY(%(accounts)s))
GROUP BY d.channel_id"""
PAST: Final = """
DELETE FROM sandboxes_notification WHERE id IN (
  SELECT n.id FROM sandboxes_notification n WHERE n.created_at < %(before)s AND NOT EXISTS (
    SELECT 1 FROM sandboxes_delivery d WHERE d.notification_id = n.id AND d.state = 'waiting') LIMIT %(most)s)"""
DELIVERIES_PAST: Final = """
DELETE FROM sandboxes_delivery d USING sandboxes_notification n
WHERE n.id = d.notification_id AND n.created_at < %(before)s AND d.state <> 'waiting'"""
