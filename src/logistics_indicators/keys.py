"""What a key must be, whoever made it and wherever it was read: one rule for all of them."""

from itertools import pairwise

SHORTEST_KEY = 32
"""Characters. RFC 7518, 3.2: an HS256 key has at least as many bits as the hash, 256."""

LEAST_VARIETY = 8
"""Different characters, and different steps from one to the next. One in 10⁸ of 32 random hex digits has fewer."""

ADVICE = "Take the output of: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"


class WeakKey(ValueError):
    """The key could be guessed. The message says why and what to do, and never tells the key."""


def require_strong_key(key: str) -> str:
    """The key itself; raises WeakKey for one that is not what a good generator gives."""
    if weakness := _weakness(key):
        raise WeakKey(f"{weakness}. {ADVICE}")
    return key


def _weakness(key: str) -> str | None:
    if not key.strip():
        return "a key that is empty or blank protects nothing"
    if key.lstrip().startswith("-----BEGIN"):
        return "this is a PEM key, but it is used as a shared secret (HS256)"
    if not all("!" <= character <= "~" for character in key):
        return "a key is of printable ASCII characters, without blanks"
    if len(key) < SHORTEST_KEY:
        return f"too short: a key needs at least {SHORTEST_KEY} characters"
    if len(set(key)) < LEAST_VARIETY or _steps(key) < LEAST_VARIETY or key in (key + key)[1:-1]:
        return "too regular to be random: it repeats itself or counts up"
    return None


def _steps(key: str) -> int:
    return len({ord(after) - ord(before) for before, after in pairwise(key)})
