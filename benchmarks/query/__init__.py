"""A week of history straight into the tables, the questions that pages ask of it, and the row-per-sample table."""
