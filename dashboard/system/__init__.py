"""What operators and their tools ask: readiness, Prometheus, the API's heartbeat, and pages that failed."""
