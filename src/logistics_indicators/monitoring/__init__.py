"""Health, metrics and the access log. May import loads (to count them, and rows), accounts, http."""
