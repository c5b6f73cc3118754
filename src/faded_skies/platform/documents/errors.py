"""What can be wrong with a file that somebody hands in, and with where it is kept."""

from faded_skies.platform.errors import Absent, Conflict, FileTooLarge, Invalid, Unavailable, Unsupported


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


class DocumentGone(Absent):
    """The store has no such picture: it was deleted, as all are when their time is over."""

    sentence = "This picture is not kept any more."


class DocumentExists(Conflict):
    """A picture of this key is there; perhaps our own, and the answer to the first attempt was lost."""

    code = "DOCUMENT_EXISTS"
    sentence = "This picture was received already. Start the upload again."


class DocumentStoreDown(Unavailable):
    """The store of pictures does not answer, or refuses us."""

    sentence = "We cannot keep or show pictures at the moment. Try again in a few minutes."
