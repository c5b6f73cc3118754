"""Who is asking. Edges resolve the access token to an Actor; everything below takes it as a value."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from faded_skies.platform.errors import Unauthenticated


class Role(StrEnum):
    CUSTOMER = "customer"
    DRIVER = "driver"
    AGENT = "agent"
    ADMIN = "admin"


class Owed(StrEnum):
    """What a person must hand in, or turn on, before they may do anything else."""

    DATE_OF_BIRTH = "date_of_birth"
    SECOND_FACTOR = "second_factor"


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person and the session they came with. While they owe something, only handing it in is open."""

    id: UUID
    role: Role
    name: str
    session_id: UUID
    owes: Owed | None = None


class TokenRequired(Unauthenticated):
    code = "TOKEN_REQUIRED"
    sentence = "Sign in first: send your access token as 'Authorization: Bearer …'."


class InvalidToken(Unauthenticated):
    code = "INVALID_TOKEN"
    sentence = "Sign in again: this access token is not valid, or its session has ended."


class TokenExpired(Unauthenticated):
    code = "TOKEN_EXPIRED"
    sentence = "Your access token has expired. Get a new one with your refresh token, or sign in again."


class Authenticator(Protocol):
    """Turns an access token into a person. The identity domain implements it."""

    async def authenticate(self, token: str) -> Actor:
        """Return who the token stands for. Raises InvalidToken or TokenExpired."""
        ...

    async def living(self, sessions: Collection[UUID]) -> set[UUID]:
        """Return which of these sessions live, with their accounts active."""
        ...
