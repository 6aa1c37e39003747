"""The API's heartbeat, and whether the database answers."""

from typing import Final

# `up_since` stays while the beat goes on. It begins anew after a silence, and after any probe that failed: an outage
# shorter than two beats kept owners from renewing too. From it, leases know how long we were away.
# A beat ahead of our clock was written before it was set back: it gives way, and how long we have been up is not known.
BEAT = """
    WITH failed AS (DELETE FROM sandboxes_heartbeat WHERE name = %(unreached)s RETURNING 1)
    INSERT INTO sandboxes_heartbeat AS h (name, at, up_since) VALUES (%(name)s, %(now)s, %(now)s)
    ON CONFLICT (name) DO UPDATE SET
        up_since = CASE WHEN h.at BETWEEN %(silent_since)s AND %(ahead)s AND NOT EXISTS (SELECT FROM failed)
            THEN h.up_since ELSE %(now)s END,
        at = CASE WHEN h.at > %(ahead)s THEN %(now)s ELSE greatest(h.at, %(now)s) END"""
FAILED = """
    INSERT INTO sandboxes_heartbeat (name, at, up_since) VALUES (%(unreached)s, %(now)s, %(now)s)
    ON CONFLICT (name) DO NOTHING"""
ANSWERS: Final = "SELECT 1"
