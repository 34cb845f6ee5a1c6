"""Productivity and SLA indicators of a last-mile operation, straight from its CSV files."""

from importlib.metadata import version

__version__ = version("logistics-indicators")
