"""One command runs all: `python -m config.supervisor` starts, watches, restarts and stops every process."""
