"""Named situations: what went wrong, in a sentence a person can act on, with a code a client can branch on.

A domain declares its situations in `errors.py`; HTTP and Socket.IO each render them, and nobody else does.
"""

from collections.abc import Mapping
from enum import Enum
from typing import ClassVar


class StartRefused(Exception):
    """A process cannot start as things are; the text says what to do. The command line prints it and ends."""


class Kind(Enum):
    """What sort of situation it is; the edges translate it into their own words."""

    MALFORMED = "malformed"
    UNAUTHENTICATED = "unauthenticated"
    PAYMENT = "payment"
    FORBIDDEN = "forbidden"
    ABSENT = "absent"
    NOT_ACCEPTABLE = "not_acceptable"
    CONFLICT = "conflict"
    TOO_LARGE = "too_large"
    UNSUPPORTED = "unsupported"
    INVALID = "invalid"
    LIMITED = "limited"
    UNAVAILABLE = "unavailable"


class Situation(Exception):
    """Base of all named situations.

    `facts` are further keys of the answer (camelCase), never secrets or personal data of others.
    """

    kind: ClassVar[Kind]
    code: ClassVar[str]
    sentence: ClassVar[str] = ""

    def __init__(self, sentence: str | None = None, **facts: object) -> None:
        self.text = sentence or self.sentence
        self.facts: Mapping[str, object] = facts
        super().__init__(self.text)


class Malformed(Situation):
    kind = Kind.MALFORMED


class Unauthenticated(Situation):
    kind = Kind.UNAUTHENTICATED


class Forbidden(Situation):
    kind = Kind.FORBIDDEN


class Absent(Situation):
    """It does not exist, or it belongs to somebody else: the answer is the same, so existence does not leak."""

    kind = Kind.ABSENT
    code = "NOT_FOUND"


class NotAcceptable(Situation):
    """None of the formats that the client accepts is at hand."""

    kind = Kind.NOT_ACCEPTABLE
    code = "NOT_ACCEPTABLE"


class Conflict(Situation):
    kind = Kind.CONFLICT


class TooLarge(Situation):
    kind = Kind.TOO_LARGE


class Unsupported(Situation):
    kind = Kind.UNSUPPORTED


class Invalid(Situation):
    kind = Kind.INVALID


class Limited(Situation):
    kind = Kind.LIMITED
    code = "RATE_LIMITED"


class Unavailable(Situation):
    kind = Kind.UNAVAILABLE
    code = "UNAVAILABLE"


class FileTooLarge(TooLarge):
    code = "FILE_TOO_LARGE"


class InvalidState(Conflict):
    """The thing exists, but is not in a state in which this can be done."""

    code = "INVALID_STATE"


class InsufficientPermissions(Forbidden):
    code = "INSUFFICIENT_PERMISSIONS"
    sentence = "Your account may not do this. Sign in with an account that has the right role."


class Refused(Invalid):
    """Input that the wire types let through but a rule does not; `field` names the offending key."""

    code = "VALIDATION_ERROR"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message, details=[{"field": field, "message": message}])
