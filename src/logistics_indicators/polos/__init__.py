"""Polos and their states. May import visits, indicators, exports, accounts, http."""
