"""Business days: official ones, those of an admin, how many lie in a period."""
