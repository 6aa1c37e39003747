"""A stack of its own for a benchmark: servers, schema, an account, and a fleet written straight into the record."""
