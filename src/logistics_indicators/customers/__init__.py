"""Customers one by one: bodies, lists, filters. May import exports, accounts, lists, http."""
