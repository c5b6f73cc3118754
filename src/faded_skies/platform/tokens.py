"""Access tokens: signed JWTs (RFC 7519, HS256) that name a person and a session, nothing else."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import jwt

from faded_skies.platform import clock
from faded_skies.platform.actor import InvalidToken, TokenExpired

_ALGORITHM = "HS256"
_MOST_CACHED = 10_000


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says. `expires_at` is in Unix seconds."""

    user_id: UUID
    session_id: UUID
    expires_at: int


class AccessTokens:
    """Issues and reads access tokens. Whether the session still lives is asked of the database, at each use.

    Verified tokens are kept in a bounded cache: the signature of a given token does not change, its expiry is
    looked at each time.
    """

    def __init__(self, secret: str, lifetime: timedelta) -> None:
        self._secret = secret
        self.lifetime = lifetime
        self._verified: OrderedDict[str, Claims] = OrderedDict()

    def issue(self, *, user_id: UUID, session_id: UUID) -> str:
        issued_at = int(clock.now().timestamp())
        return jwt.encode(
            {
                "sub": str(user_id),
                "sid": str(session_id),
                "iat": issued_at,
                "exp": issued_at + int(self.lifetime.total_seconds()),
            },
            self._secret,
            algorithm=_ALGORITHM,
        )

    def read(self, token: str) -> Claims:
        """Return the claims of a token of ours. Raises TokenExpired or InvalidToken."""
        claims = self._verified.get(token)
        if claims is None:
            claims = self._verify(token)
            self._verified[token] = claims
            if len(self._verified) > _MOST_CACHED:
                self._verified.popitem(last=False)
        if claims.expires_at <= clock.now().timestamp():
            self._verified.pop(token, None)
            raise TokenExpired
        return claims

    def _verify(self, token: str) -> Claims:
        try:
            payload = jwt.decode(
                token,
                self._secret,
                algorithms=[_ALGORITHM],
                options={"require": ["sub", "sid", "exp", "iat"]},
            )
            return Claims(UUID(payload["sub"]), UUID(payload["sid"]), int(payload["exp"]))
        except jwt.ExpiredSignatureError:
            raise TokenExpired from None
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError):
            raise InvalidToken from None
