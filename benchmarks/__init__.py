"""Benchmarks: each measures against a baseline in the same run, and prints one JSON object last."""
