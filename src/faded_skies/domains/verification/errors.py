"""What can be wrong with an identity paper: the file, its picture, and the barcode on it."""

from faded_skies.platform.errors import (
    Absent,
    Conflict,
    InsufficientPermissions,
    Invalid,
    InvalidState,
)


class NotALicence(Invalid):
    """The text of a barcode that is not AAMVA's."""

    code = "NOT_A_LICENCE"
    sentence = "This barcode is not that of a driver's licence or identity card of a state or province."


class UnreadableLicence(Invalid):
    """AAMVA's barcode, but what we need of it is missing, contradictory or impossible."""

    code = "UNREADABLE_LICENCE"
    sentence = "The barcode of this licence cannot be read for certain; a person has to look at it."


class VerificationNotFound(Absent):
    sentence = "There is no such verification."


class AlreadyProcessing(InvalidState):
    sentence = "Your ID is being looked at already. We write to you as soon as it is decided."


class AlreadyVerified(InvalidState):
    sentence = "Your ID is verified already; there is nothing left to do."


class AlreadyDecided(InvalidState):
    sentence = "This verification is decided already. Look at the list again."


class NotLookedAtYet(InvalidState):
    sentence = "The machine has not read this document yet. Try again in a minute; rejecting is possible now."


class NotForOneself(InsufficientPermissions):
    sentence = "Nobody decides about their own papers. Leave this one to a colleague."


class DuplicateDocument(Conflict):
    """One person, one account; and blocked people stay blocked."""

    code = "DUPLICATE_DOCUMENT"
    sentence = (
        "This document belongs to another account, or is blocked. Reject it, and look at the other account."
    )


class ForbiddenByDocument(InvalidState):
    """What the document itself says rules an approval out."""

    sentence = "By its barcode this document is expired or its holder too young. It cannot be approved."


class PapersGone(Absent):
    sentence = "The pictures are deleted: that is done once a verification is decided."


class LinkGone(Absent):
    sentence = "This link has been used or has expired. Ask for a new one; it is good once, for two minutes."
