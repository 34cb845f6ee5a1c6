"""When a load was received, by which loads take their turns."""

RECEIVED_NOW = """
GREATEST(clock_timestamp()::timestamp, (
    SELECT max(received_at) + interval '1 microsecond' FROM loads AS earlier
    WHERE earlier.status IN ('received', 'loading')
))
"""
"""SQL. Behind all that wait or are under way, also where the clock was put back since they came."""
