"""The pages of alerts: what fires, by which rules, and where it is told."""
