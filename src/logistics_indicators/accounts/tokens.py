"""Access and refresh tokens: HS256 only, by python-jose, with a key id so that the key can be changed."""

import hashlib
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from jose import jwk, jwt
from jose.exceptions import JOSEError

from ..keys import require_strong_key

ALGORITHM = "HS256"
ISSUER = "logistics-indicators"
AUDIENCE = "logistics-indicators-api"
ACCESS_SECONDS = 15 * 60
LONGEST_TOKEN = 2048
"""Characters; ours have about 400. Anything longer is refused before it is parsed."""

SKEW_SECONDS = 60
"""By so much the clocks of two machines may differ: what one has just issued, the other takes."""

Kind = Literal["access", "refresh"]


class InvalidToken(Exception):
    """The token is malformed, expired, wrongly signed or of the wrong kind."""


@dataclass(frozen=True)
class TokenKey:
    """The secret that signs, and earlier ones that are still believed. Raises WeakKey for one that could be guessed."""

    secret: str = field(repr=False)
    previous: tuple[str, ...] = field(default=(), repr=False)
    access_seconds: int = ACCESS_SECONDS
    _keys: Mapping[str, Any] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        secrets = [require_strong_key(secret) for secret in (self.secret, *self.previous)]
        keys = {key_id(secret): jwk.construct(secret, ALGORITHM) for secret in secrets}
        object.__setattr__(self, "_keys", keys)

    def signing(self) -> tuple[str, Any]:
        kid = key_id(self.secret)
        return kid, self._keys[kid]

    def named(self, kid: object) -> Any:
        """The key with this id; raises InvalidToken for one that we do not have."""
        if not isinstance(kid, str) or kid not in self._keys:
            raise InvalidToken("unknown key")
        return self._keys[kid]


@dataclass(frozen=True)
class TokenClaims:
    user_id: int
    session_id: int | None


def key_id(secret: str) -> str:
    """A name for the secret that does not give it away."""
    return hashlib.sha256(b"kid:" + secret.encode()).hexdigest()[:16]


def token_hash(token: str) -> bytes:
    """What is stored of a token. Tokens are random, so a fast hash is enough."""
    return hashlib.sha256(token.encode()).digest()


def issue_access_token(key: TokenKey, user_id: int, session_id: int | None = None) -> str:
    """A token of the session, which dies with it; without a session it lives until it expires."""
    return _issue(key, "access", user_id, session_id, int(time.time()) + key.access_seconds)


def issue_refresh_token(key: TokenKey, user_id: int, session_id: int, expires_at: int) -> str:
    """`expires_at` in seconds since 1970."""
    return _issue(key, "refresh", user_id, session_id, expires_at)


def read_access_token(key: TokenKey, token: str) -> TokenClaims:
    """Claims of a valid access token; raises InvalidToken."""
    return _read(key, "access", token)


def read_refresh_token(key: TokenKey, token: str) -> TokenClaims:
    """Claims of a refresh token that we signed; whether it is spent is the session's to say."""
    return _read(key, "refresh", token)


def _issue(key: TokenKey, kind: Kind, user_id: int, session_id: int | None, expires_at: int) -> str:
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(user_id),
        "typ": kind,
        "jti": uuid.uuid4().hex,
        "iat": now,
        "nbf": now - SKEW_SECONDS,
        "exp": expires_at,
    }
    if session_id is not None:
        claims["sid"] = session_id
    kid, secret = key.signing()
    return jwt.encode(claims, secret, algorithm=ALGORITHM, headers={"kid": kid})


def _read(key: TokenKey, kind: Kind, token: str) -> TokenClaims:
    if len(token) > LONGEST_TOKEN or not token.isascii():
        raise InvalidToken("not a token of ours")
    try:
        header = jwt.get_unverified_header(token)
        if header.get("alg") != ALGORITHM or "crit" in header:
            raise InvalidToken("wrong algorithm")
        claims = jwt.decode(
            token,
            key.named(header.get("kid")),
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=ISSUER,
            options={f"require_{claim}": True for claim in ("aud", "exp", "iat", "iss", "jti", "nbf", "sub")},
        )
        if claims.get("typ") != kind:
            raise InvalidToken("wrong kind")
        session_id = claims.get("sid")
        return TokenClaims(int(claims["sub"]), None if session_id is None else int(session_id))
    except (JOSEError, KeyError, ValueError, TypeError, RecursionError) as error:
        raise InvalidToken("not a valid token") from error
