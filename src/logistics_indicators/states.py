"""Brazil's states, and the one that a polo's name begins with. What a polo's state is in the end stands in its row."""

import re
from functools import lru_cache

STATES = (
    *("AC", "AL", "AM", "AP", "BA", "CE", "DF", "ES", "GO", "MA", "MG", "MS", "MT", "PA", "PB", "PE", "PI", "PR"),
    *("RJ", "RN", "RO", "RR", "RS", "SC", "SE", "SP", "TO"),
)


def known_state(uf: str) -> str:
    """Raises ValueError, which names those that there are."""
    if uf not in STATES:
        raise ValueError(f"no state of Brazil; there are: {', '.join(STATES)}")
    return uf


SEPARATORS = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212/|:_."
"""Between the state and the rest of the name, blanks around it or not. A blank alone is none: PA CIENCIA is a name."""

_prefix = re.compile(rf"\s*({'|'.join(STATES)})\s*(?:$|[{re.escape(SEPARATORS)}])", re.IGNORECASE | re.ASCII)


@lru_cache(maxsize=16_384)
def state_in_name(polo: str) -> str | None:
    """CE of 'CE - SOBRAL', 'ce/sobral' and 'CE'; None where the name does not begin with a state."""
    found = _prefix.match(polo)
    return found[1].upper() if found else None


def without_state(polo: str) -> str:
    """SOBRAL 010 of 'CE - SOBRAL 010'."""
    found = _prefix.match(polo)
    return polo[found.end() if found else 0 :].strip(f"{SEPARATORS} ")
