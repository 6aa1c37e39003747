"""The Limits page: who is over what, since when, and when a budget will be reached."""
