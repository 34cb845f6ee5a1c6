"""From clean rows to the tables: twins, conflicts, COPY, indexes."""
