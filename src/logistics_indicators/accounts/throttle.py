"""Attempts per account and per address, counted in PostgreSQL so that every process sees every attempt.

A leaky bucket in one row: an attempt adds window / allowed to `empty_at`, and none is allowed while the
bucket reaches further than the window. An attempt is counted before its password is looked at, so a burst
of parallel guesses gains nothing; a right password gives it back.
"""

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import timedelta

from ..database import Connection
from ..errors import TooManyRequests
from .names import name_key

# A bucket never reaches further than the window: one that does was filled before the clock was put back, and is empty.
FILLED = "CASE WHEN throttle.empty_at > LOCALTIMESTAMP + $3::interval THEN LOCALTIMESTAMP ELSE throttle.empty_at END"
TAKE = f"""
INSERT INTO throttle (subject, empty_at) VALUES ($1, LOCALTIMESTAMP + $2::interval)
ON CONFLICT (subject) DO UPDATE SET empty_at = GREATEST({FILLED}, LOCALTIMESTAMP) + $2::interval
WHERE {FILLED} + $2::interval <= LOCALTIMESTAMP + $3::interval
RETURNING true
"""

WAIT = """
SELECT ceil(EXTRACT(epoch FROM empty_at + $2::interval - $3::interval - LOCALTIMESTAMP))::integer
FROM throttle WHERE subject = $1
"""

GIVE_BACK = "UPDATE throttle SET empty_at = empty_at - $2::interval WHERE subject = $1"
FORGET = "DELETE FROM throttle WHERE subject = $1"

SWEEP = """
DELETE FROM throttle WHERE subject IN (
    SELECT subject FROM throttle WHERE empty_at < LOCALTIMESTAMP ORDER BY empty_at LIMIT 1000 FOR UPDATE SKIP LOCKED
)
"""


@dataclass(frozen=True)
class Allowance:
    """How many attempts a window allows; they come back evenly over the window."""

    attempts: int
    window: timedelta

    @property
    def step(self) -> timedelta:
        return self.window / self.attempts


def account_subject(user_id: int, purpose: str, address: str | None = None) -> bytes:
    """Of an account that exists, by its id: however its name was spelt, the attempts are counted together."""
    return _subject("account", purpose, str(user_id), address or "")


def unknown_name_subject(name: str) -> bytes:
    """Of a name that no account has, by its normal form, so that it is told 429 as one that exists would be."""
    return _subject("name", name_key(name))


def address_subject(purpose: str, address: str | None) -> bytes:
    """IPv6 counts by /64, which one subscriber has to themselves."""
    return _subject("address", purpose, network_of(address))


def network_of(address: str | None) -> str:
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return address or "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def _subject(*parts: str) -> bytes:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).digest()


async def take_attempt(connection: Connection, subject: bytes, allowance: Allowance) -> None:
    """Count an attempt; raises TooManyRequests with Retry-After where the allowance is used up."""
    if await connection.fetchval(TAKE, subject, allowance.step, allowance.window):
        return
    wait = await connection.fetchval(WAIT, subject, allowance.step, allowance.window) or 1
    raise TooManyRequests("Too many attempts. Wait a while.", headers={"Retry-After": str(max(int(wait), 1))})


async def give_back_attempt(connection: Connection, subject: bytes, allowance: Allowance) -> None:
    await connection.execute(GIVE_BACK, subject, allowance.step)


async def forget_attempts(connection: Connection, subject: bytes) -> None:
    await connection.execute(FORGET, subject)


async def sweep_throttle(connection: Connection) -> None:
    """Delete the rows of buckets that are empty again."""
    await connection.execute(SWEEP)
