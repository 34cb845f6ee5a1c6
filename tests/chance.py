"""How often what is left to chance is tried: a little in a run of all tests, with THOROUGH=1 as long as a night is."""

import os


def times(usual: int, thorough: int) -> int:
    return thorough if os.environ.get("THOROUGH") else usual
