"""Commands in a shell find the servers that `make run` started in the same data folder."""

import os
import subprocess
import sys
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


def needs_server() -> bool:
    """Whether the environment names no database, or the embedded one of DATA_DIR while its server does not run."""
    url, home = env.text("DATABASE_URL"), env.data_dir(ROOT)
    if not url or not home.exists():
        return not url
    embedded = Postgres(home)
    return url == embedded.url and embedded.query("SELECT 1") is None


def run_beside() -> int:
    """Runs this very command line again beside the embedded servers, which are started for it; its exit code."""
    home = str(env.data_dir(ROOT))
    command = [sys.executable, "-m", "runner.embedded", "run", "--data", home, "--", sys.executable, *sys.argv]
    return subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False).returncode
