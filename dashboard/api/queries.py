"""The claim of an idempotency key."""

from typing import Final

# One statement that never fails: a unique violation would be an error in PostgreSQL's log for each repeated call.
CLAIM: Final = """
    INSERT INTO dashboard_idempotentanswer (token, key, digest, body, created_at) VALUES (%s, %s, %s, '', %s)
    ON CONFLICT (token, key) DO NOTHING RETURNING id"""
