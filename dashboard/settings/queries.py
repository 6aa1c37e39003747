"""What the database weighs."""

from typing import Final

SIZE_AND_VERSION: Final = "SELECT pg_database_size(current_database()), current_setting('server_version')"
# Partitions are added up.
LARGEST_TABLES: Final = """
SELECT coalesce(pg_partition_root(oid), oid)::regclass::text, sum(pg_total_relation_size(oid))
FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace GROUP BY 1 ORDER BY 2 DESC LIMIT %s"""
