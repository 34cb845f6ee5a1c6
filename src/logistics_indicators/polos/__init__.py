"""Polos and their states. May import indicators, rollup, exports, accounts, lists, http."""
