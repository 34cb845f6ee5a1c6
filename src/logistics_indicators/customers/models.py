"""What a customer looks like on the wire, and the bounds of its fields (the batch load keeps the same ones)."""

NOME_MAX = 200
EMAIL_MAX = 254
TELEFONE_MAX = 40

EMAIL_PATTERN = r"^[^@\s\x00-\x1f\x7f]+@[^@\s.\x00-\x1f\x7f]+(?:\.[^@\s.\x00-\x1f\x7f]+)+$"
"""One @, no blanks, a dot in the domain. Means the same to Python, to Rust (polars, pydantic) and to PostgreSQL."""
