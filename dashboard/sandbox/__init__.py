"""The page of one sandbox: its timeline, siblings, logs, verdicts and why it is or isn't an orphan."""
