"""A file's way into the database, from the request to the report.

May import customers, rollup (to keep the sums up), indicators (how a figure is shown), accounts, exports, lists, http.
"""
