"""Types of the fields that several subjects share: ids, text, dates and timestamps, each bounded."""

from datetime import date

MAX_ID = 2**53 - 1
"""Largest id: every JSON reader, JavaScript's included, keeps it exact."""

FIRST_DAY = date(1900, 1, 1)
LAST_DAY = date(2199, 12, 31)
"""A date outside of these is a slip of the pen, whatever calendar accepts it."""

CONTROL_CHARACTER = r"[\x00-\x1f\x7f]"
"""Never part of a text: PostgreSQL refuses NUL, and the others break the lines of a CSV file."""
