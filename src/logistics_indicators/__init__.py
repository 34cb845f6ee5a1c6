"""Productivity and SLA indicators of a last-mile operation, straight from its CSV files."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    __version__: str


def __getattr__(name: str) -> str:
    """Of `__version__`: to find it takes longer than all else that the command line's help needs."""
    if name != "__version__":
        raise AttributeError(name)
    from importlib.metadata import version

    return version("logistics-indicators")
