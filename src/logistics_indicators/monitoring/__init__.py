"""Health, metrics and the access log. May import rollup (to count visits), accounts, http."""
