"""Limits on what runs at once and what is spent: who is over which, since when, and when a budget will be reached."""
