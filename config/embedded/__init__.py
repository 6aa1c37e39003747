"""The embedded servers: PostgreSQL and Redis from their wheels, owned by one data folder.

`python -m config.embedded run --data DIR -- COMMAND` runs a command with both.
"""

from config.embedded.errors import StartError
from config.embedded.lock import DataLock
from config.embedded.postgres import Postgres
from config.embedded.redis import Redis
from config.embedded.running import Running, Server, both, start
from config.embedded.urls import addresses

__all__ = ["DataLock", "Postgres", "Redis", "Running", "Server", "StartError", "addresses", "both", "start"]
