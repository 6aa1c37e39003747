"""One command runs all: `python -m runner.supervisor` starts, watches, restarts and stops every process."""
