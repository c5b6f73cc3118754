"""What can be wrong with an identity paper: the file, its picture, and the barcode on it."""

from faded_skies.platform.errors import (
    Absent,
    Conflict,
    FileTooLarge,
    InsufficientPermissions,
    Invalid,
    InvalidState,
    Unavailable,
    Unsupported,
)


class UnsupportedFileType(Unsupported):
    """Judged by the content; names and headers are the sender's word."""

    code = "UNSUPPORTED_FILE_TYPE"
    sentence = "This is not a JPEG, a PNG or a PDF. Send a photo or a scan in one of these formats."


class TooManyPixels(FileTooLarge):
    """The file may be small: what it unfolds to is not."""

    sentence = "This picture has more than 50 million pixels. Send a smaller photo of your document."


class UnreadableDocument(Invalid):
    """The file breaks off, is locked, is too small to read, or broke the program that reads it."""

    code = "UNREADABLE_DOCUMENT"
    sentence = "We cannot read this file. Take a new photo of your document and send that."


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


class AlreadyUploading(InvalidState):
    sentence = "Another upload of yours is still under way. Wait until it is through, then try again."


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


class DocumentGone(Absent):
    """The store has no such picture: it was deleted, as all are after a decision."""

    sentence = "This picture is not kept any more."


class DocumentExists(Conflict):
    """A picture of this key is there; perhaps our own, and the answer to the first attempt was lost."""

    code = "DOCUMENT_EXISTS"
    sentence = "This picture was received already. Start the upload again."


class DocumentStoreDown(Unavailable):
    """The store of pictures does not answer, or refuses us."""

    sentence = "We cannot keep or show pictures at the moment. Try again in a few minutes."
