"""The command palette: what it finds for a few letters."""
