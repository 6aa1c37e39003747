"""Notifications: what is to be told, on which channels, how it gets there. Imports nothing: a child runs in here."""
