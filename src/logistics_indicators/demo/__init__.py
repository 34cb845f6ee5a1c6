"""Files like the real ones, and the loads that show them. May import accounts, loads."""
