"""What the query of the batch routes says of a file."""

from dataclasses import asdict, dataclass

from ..loads.words import Delimiter, Encoding, Header, Kind, OnConflict, UnknownCustomer

NO_PRESET = "none"


@dataclass(frozen=True)
class LoadOptions:
    """By the names of the query. None and False stand for the service's own default."""

    on_conflict: OnConflict | None = None
    validate_only: bool = False
    max_rejects: int | None = None
    columns: str | None = None
    header: Header | None = None
    encoding: Encoding | None = None
    delimiter: Delimiter | None = None
    unknown_customer: UnknownCustomer | None = None
    """For visits."""
    sheet: str | None = None
    preset: str | None = None

    @property
    def one_delimiter(self) -> str | None:
        """As a character."""
        return "\t" if self.delimiter == "tab" else self.delimiter

    @property
    def named_preset(self) -> str | None:
        return None if self.preset == NO_PRESET else self.preset

    def query(self, kind: Kind) -> dict[str, str]:
        from ..loads.kinds import KINDS  # of the service: who only tells of options needs none of it

        asked = asdict(self)
        if not KINDS[kind].refers_to:
            del asked["unknown_customer"]
        return {
            name: "true" if value is True else str(value)
            for name, value in asked.items()
            if value is not None and value is not False
        }
