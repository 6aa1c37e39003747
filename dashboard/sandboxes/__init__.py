"""The Sandboxes page: filters, facets, columns, saved views and exports of the list."""
