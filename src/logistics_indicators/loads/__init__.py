"""A file's way into the database, from the request to the report.

May import customers, rollup (to keep the sums up), accounts, exports, http.
"""
