"""Polos and their states. May import indicators, exports, accounts, lists, http."""
