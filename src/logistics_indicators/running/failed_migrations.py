"""Of a migration that failed: which it is, what went wrong, and what to do; a line of JSON between two processes."""

import json
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import asyncpg

NOTHING_KEPT = "Nothing of the upgrade was kept: the version before works on the database as it did."

ADVICE: Sequence[tuple[type[Exception], str]] = (
    (
        asyncpg.LockNotAvailableError,
        "Something else uses its tables: stop what reads or writes them (a service of the version before, a long "
        "question, a backup), and start again.",
    ),
    (asyncpg.InsufficientPrivilegeError, "The role has to own the tables and may need more: see docs/operations.md."),
    (asyncpg.InsufficientResourcesError, "The database has too little room: make some, and start again."),
    (asyncpg.QueryCanceledError, "A time limit of the server or of the role ended it: lift it, and start again."),
    (asyncpg.OperatorInterventionError, "Start again once the database stays up."),
    (asyncpg.PostgresConnectionError, "Start again once the database answers."),
    (asyncpg.DeadlockDetectedError, "Start again."),
    (OSError, "Start again once the database answers."),
)
"""By the error, the first that fits."""

OTHERWISE = "Report it with the log, which has the details, and run the version before meanwhile."


@dataclass(frozen=True)
class Failure:
    migration: str | None
    """Name of its file without the ending; None where it was none of them."""
    wrong: str
    advice: str

    @property
    def sentence(self) -> str:
        of = f"Migration {self.migration}" if self.migration else "Bringing the database's schema up to date"
        return f"{of} failed: {self.wrong}. {NOTHING_KEPT} {self.advice}"

    def as_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Failure":
        """What nobody wrote as JSON is of a process that ended before it could say anything."""
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError):
            return cls(None, "its process ended before it could say why", OTHERWISE)

    @classmethod
    def of(cls, error: BaseException, versions: Path) -> "Failure":
        """`versions`: the folder of the migrations."""
        causes = list(_causes(error))
        of_database = next((cause for cause in causes if isinstance(cause, asyncpg.PostgresError | OSError)), error)
        wrong = " ".join(str(of_database).split("\n", 1)[0].split()).rstrip(".") or type(of_database).__name__
        advice = next((words for kind, words in ADVICE if isinstance(of_database, kind)), OTHERWISE)
        return cls(_migration_in(causes, versions), wrong, advice)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, and what it was raised for, down to the first."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _migration_in(causes: Sequence[BaseException], versions: Path) -> str | None:
    for cause in causes:
        for frame in traceback.extract_tb(cause.__traceback__):
            path = Path(frame.filename)
            if path.parent == versions:
                return path.stem
    return None
