"""Parts of the big tables: made, attached, emptied and dropped. Names are our own text: no parameters."""

from typing import Final

WAIT_AS_EVER: Final = "SET LOCAL lock_timeout = DEFAULT"
PARTS: Final = "SELECT relname FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = %s::regclass"
ARRAYS: Final = """
SELECT attname FROM pg_attribute JOIN pg_type t ON t.oid = atttypid
WHERE attrelid = %s::regclass AND attnum > 0 AND typcategory = 'A'"""
# A frame that is not in series yet stays, and so do an account's newest: the next poll compares with them.
FRAME_STAYS: Final = """(NOT p.compacted OR p.at > (
    SELECT max(at) FROM sandboxes_metricframe m WHERE m.account_id = p.account_id) - interval '1 minute')"""
TEMPORARY: Final = "staying"


def wait_at_most(seconds: int) -> str:
    """For locks, until the transaction's end."""
    return f"SET LOCAL lock_timeout = '{seconds}s'"


def make(part: str, default: str) -> str:
    """A table like the default part, beside the parted one."""
    return f"CREATE TABLE {part} (LIKE {default} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"


def pack_from(part: str, size: int) -> str:
    """Rows of more bytes than this are packed."""
    return f"ALTER TABLE {part} SET (toast_tuple_target = {size})"


def lock(table: str) -> str:
    """Nobody reads or writes the table until the transaction's end."""
    return f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"


def move_into(part: str, default: str, column: str) -> str:
    """What the default part holds of a span; it takes the span's start and end."""
    return f"""
WITH moved AS (DELETE FROM {default} WHERE {column} >= %s AND {column} < %s RETURNING *)
INSERT INTO {part} SELECT * FROM moved"""


def attach(table: str, part: str, start: object, end: object) -> str:
    """[start, end) of the table is in the part from now on."""
    return f"ALTER TABLE {table} ATTACH PARTITION {part} FOR VALUES FROM ('{start}') TO ('{end}')"


def leave_unread(part: str, column: str) -> str:
    """No statistics are made of the column."""
    return f"ALTER TABLE {part} ALTER COLUMN {column} SET STATISTICS 0"


def set_aside(part: str, stays: str) -> str:
    """Asked while the part is still in the table: what stays may depend on what else is there."""
    return f"CREATE TEMP TABLE {TEMPORARY} ON COMMIT DROP AS SELECT * FROM {part} p WHERE {stays}"


def drop(table: str, part: str) -> tuple[str, str, str]:
    """The part goes; what was set aside is back in the table."""
    return (
        f"ALTER TABLE {table} DETACH PARTITION {part}",
        f"INSERT INTO {table} SELECT * FROM {TEMPORARY}",
        f"DROP TABLE {TEMPORARY}, {part}",
    )


def delete_some(table: str, condition: str, limit: int) -> str:
    """`limit` rows of the table, which is `p` in the condition."""
    return f"DELETE FROM {table} WHERE id IN (SELECT id FROM {table} p WHERE {condition} LIMIT {limit})"
