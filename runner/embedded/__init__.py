"""The embedded servers: PostgreSQL and Redis from their wheels, owned by one data folder.

`python -m runner.embedded run --data DIR -- COMMAND` runs a command with both.
"""

from runner.embedded.errors import StartError
from runner.embedded.lock import DataLock
from runner.embedded.postgres import Postgres
from runner.embedded.redis import Redis
from runner.embedded.running import Running, Server, both, start
from runner.embedded.urls import addresses

__all__ = ["DataLock", "Postgres", "Redis", "Running", "Server", "StartError", "addresses", "both", "start"]
