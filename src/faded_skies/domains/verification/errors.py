"""What can be wrong with an identity paper: the file, its picture, and the barcode on it."""

from faded_skies.platform.errors import FileTooLarge, Invalid, Unsupported


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
