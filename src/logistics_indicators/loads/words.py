"""The words for files that a person may say, over HTTP or on the command line. Imports nothing, to start at once."""

from enum import StrEnum
from typing import Literal


class Kind(StrEnum):  # also the name of its table, and of its route: /v1/{kind}/batch
    customers = "customers"
    services = "services"


Reason = Literal[
    "missing_column",
    "extra_column",
    "invalid_id",
    "empty_field",
    "too_long",
    "invalid_email",
    "invalid_date",
    "unknown_customer",
    "duplicate_id",
    "duplicate_email",
    "encoding",
    "control_character",
]
RejectState = Literal["open", "mended", "dropped", "waiting"]
UnknownCustomer = Literal["reject", "wait"]
OnConflict = Literal["reject", "update"]
Encoding = Literal["utf-8", "windows-1252", "iso-8859-1", "cp850", "utf-16"]
Delimiter = Literal[";", ",", "tab"]
Header = Literal["none"]
