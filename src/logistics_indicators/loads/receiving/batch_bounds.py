"""How large a batch of objects may be."""

from ...errors import ContentTooLarge, Problem

MOST_ROWS, MOST_BYTES = 10_000, 8 * 1024 * 1024


def too_many() -> Problem:
    return ContentTooLarge(
        f"A batch has up to {MOST_ROWS} rows and {MOST_BYTES} bytes. Send more as a file (CSV or NDJSON, "
        "in the field `file`), or in several batches."
    )
