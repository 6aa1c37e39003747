"""Settings of the plain view: ours, without what a webhook does not need."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.ingest.plain"
MIDDLEWARE = []
