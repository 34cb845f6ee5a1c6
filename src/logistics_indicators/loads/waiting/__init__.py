"""Visits whose customer is not there yet: kept, tried once it comes, and given up after a time."""
