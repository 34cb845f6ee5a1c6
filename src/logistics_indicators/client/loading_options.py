"""What the query of the batch routes says of a file."""

from dataclasses import dataclass

from ..loads.kinds import KINDS, Kind


@dataclass(frozen=True)
class LoadOptions:
    """None and False stand for the service's own default."""

    update: bool = False
    validate_only: bool = False
    max_rejects: int | None = None
    columns: str | None = None
    headerless: bool = False
    encoding: str | None = None
    delimiter: str | None = None
    unknown_customer: str | None = None
    """For visits."""
    sheet: str | None = None

    @property
    def one_delimiter(self) -> str | None:
        """As a character."""
        return "\t" if self.delimiter == "tab" else self.delimiter

    def query(self, kind: Kind) -> dict[str, str]:
        asked = {
            "on_conflict": "update" if self.update else None,
            "validate_only": "true" if self.validate_only else None,
            "max_rejects": None if self.max_rejects is None else str(self.max_rejects),
            "columns": self.columns,
            "header": "none" if self.headerless else None,
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "unknown_customer": self.unknown_customer if KINDS[kind].refers_to else None,
            "sheet": self.sheet,
        }
        return {name: value for name, value in asked.items() if value is not None}
