"""The fleet: what runs, what it uses, what to do with it."""
