"""What is left to chance: the same little in each run of all tests, so that a change alone makes a test fail; with
THOROUGH=1 always something new, for as long as a night is."""

import os

from hypothesis import Phase, settings

THOROUGH = bool(os.environ.get("THOROUGH"))
AS_FOUND = bool(os.environ.get("AS_FOUND"))
"""Examples that fail are told as they were found: nobody reads them where only whether a test fails is asked."""

PHASES = [phase for phase in Phase if not AS_FOUND or phase not in (Phase.shrink, Phase.explain)]

settings.register_profile("logistics-indicators", derandomize=not THOROUGH, phases=PHASES)
settings.load_profile("logistics-indicators")


def times(usual: int, thorough: int) -> int:
    return thorough if THOROUGH else usual
