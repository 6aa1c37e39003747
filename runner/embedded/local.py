"""Commands in a shell find the servers that `make run` started in the same data folder."""

import os
from pathlib import Path

from runner import env
from runner.embedded.postgres import Postgres
from runner.embedded.redis import Redis
from runner.embedded.urls import addresses

ROOT = Path(__file__).resolve().parent.parent.parent


def point_at_servers() -> None:
    """Sets DATABASE_URL, REDIS_URL and SECRET_KEY where nobody has, to what DATA_DIR's own Sandwarden uses.

    Does nothing where there is no embedded database. Whether its server runs is for whoever connects to find out.
    """
    home = env.data_dir(ROOT)
    postgres, redis = Postgres(home), Redis(home)
    if env.text("DATABASE_URL") or not (home.exists() and postgres.identity.cluster.exists()):
        return
    for name, value in addresses(postgres.url, env.text("REDIS_URL") or redis.url).items():
        os.environ.setdefault(name, value)
    kept = home / "secret_key"
    if not env.text("SECRET_KEY") and kept.exists():
        os.environ["SECRET_KEY"] = kept.read_text().strip()
