"""Visits (`services` on the wire and in the database) one by one: bodies, lists, filters.

May import customers, indicators (for a state's polos), rollup (to keep the sums up), exports, accounts, lists, http.
"""
