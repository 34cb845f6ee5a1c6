"""The rejects of all loads: which are open, and the loads that mend them."""
