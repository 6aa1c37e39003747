"""The whole stack against a simulated fleet of orphans and of those that must live, seen from outside alone."""
