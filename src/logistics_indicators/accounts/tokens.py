"""Access tokens: HS256 only, by python-jose."""

import time
import uuid
from dataclasses import dataclass

from jose import jwt
from jose.exceptions import JWTError

ALGORITHM = "HS256"
ISSUER = "logistics-indicators"
ACCESS_SECONDS = 15 * 60


class InvalidToken(Exception):
    """The token is malformed, expired, wrongly signed or of the wrong kind."""


@dataclass(frozen=True)
class TokenKey:
    secret: str


def issue_access_token(key: TokenKey, user_id: int) -> str:
    now = int(time.time())
    claims = {
        "sub": str(user_id),
        "iss": ISSUER,
        "typ": "access",
        "jti": uuid.uuid4().hex,
        "iat": now,
        "exp": now + ACCESS_SECONDS,
    }
    return jwt.encode(claims, key.secret, algorithm=ALGORITHM)


def read_access_token(key: TokenKey, token: str) -> int:
    """User id of a valid access token; raises InvalidToken."""
    try:
        claims = jwt.decode(token, key.secret, algorithms=[ALGORITHM], issuer=ISSUER)
        if claims["typ"] != "access":
            raise InvalidToken
        return int(claims["sub"])
    except (JWTError, KeyError, ValueError, TypeError) as error:
        raise InvalidToken from error
