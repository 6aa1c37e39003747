"""What a tick asks the record before it asks the backend."""

from typing import Final

# Numbers, where the ORM would make ten thousand times with zones of them: half of a tick's work beside the calls.
RUNNING: Final = """
SELECT array_agg(id), array_agg(sandbox_id), array_agg(floor(extract(epoch FROM started_at))::bigint)
FROM sandboxes_sandbox WHERE account_id = %s AND state = 'running' AND id %% %s = %s"""
