"""What is left to chance: the same little in each run of all tests, so that a change alone makes a test fail; with
THOROUGH=1 always something new, for as long as a night is."""

import os

from hypothesis import settings

THOROUGH = bool(os.environ.get("THOROUGH"))

settings.register_profile("logistics-indicators", derandomize=not THOROUGH)
settings.load_profile("logistics-indicators")


def times(usual: int, thorough: int) -> int:
    return thorough if THOROUGH else usual
