"""The PictureMaker of the product, by Pillow in child processes."""

import re
from collections.abc import Sequence

import structlog

from faded_skies.adapters.documents.child import BrokenChildError, Children
from faded_skies.adapters.documents.reader import MORE_THAN_WHOLE
from faded_skies.domains.catalog.ports import Picture
from faded_skies.platform.documents.errors import TooManyPixels, UnreadableDocument, UnsupportedFileType
from faded_skies.platform.documents.ports import MOST_DOCUMENT_BYTES
from faded_skies.platform.errors import FileTooLarge, Situation

log = structlog.get_logger()

_RESIZE = ("-m", "faded_skies.adapters.documents.resize")
_OK = re.compile(rb"ok ((?:[0-9]{1,5}x[0-9]{1,5}:[0-9]{1,8} ?){1,3})\n")
_ONE = re.compile(rb"([0-9]+)x([0-9]+):([0-9]+)")
_REFUSED = re.compile(rb"refused ([a-z]{1,20})\n")
_UNREADABLE = "We cannot read this picture. Save it again as JPEG or PNG and send that."

_SITUATIONS: dict[str, tuple[type[Situation], str]] = {
    "unsupported": (
        UnsupportedFileType,
        "This is not a JPEG or a PNG. Save the picture in one of these formats.",
    ),
    "pixels": (TooManyPixels, "This picture has more than 50 million pixels. Send a smaller one."),
    "whole": (TooManyPixels, MORE_THAN_WHOLE),
    "small": (UnreadableDocument, "This picture is too small. Send one of at least 100 pixels each way."),
    "shape": (
        UnreadableDocument,
        "This picture is more than five times as long as it is wide. Cut it to the product.",
    ),
}


class Pictures:
    """Makes pictures, each upload in a child of its own."""

    def __init__(self, children: Children) -> None:
        self._children = children

    async def make(self, body: bytes) -> Sequence[Picture]:
        """Judge by the content and re-encode; see PictureMaker."""
        if len(body) > MOST_DOCUMENT_BYTES:
            raise FileTooLarge("This file has more than 10 MB. Send a smaller picture.")
        try:
            told = await self._children.run(_RESIZE, body)
        except BrokenChildError as error:
            log.warning("picture_unreadable", why=str(error), size=len(body))
            raise UnreadableDocument(_UNREADABLE) from error
        if refused := _REFUSED.fullmatch(told):
            kind, sentence = _SITUATIONS.get(refused[1].decode(), (UnreadableDocument, _UNREADABLE))
            raise kind(sentence)
        made = _parsed(told)
        if made is None:
            log.error("picture_child_spoke_nonsense", size=len(body))
            raise UnreadableDocument(_UNREADABLE)
        return made


def _parsed(told: bytes) -> list[Picture] | None:
    heading = _OK.match(told)
    if heading is None:
        return None
    made, at = [], heading.end()
    for width, height, size in _ONE.findall(heading[1]):
        body = told[at : at + int(size)]
        at += int(size)
        if not (body.startswith(b"RIFF") and body[8:12] == b"WEBP"):
            return None
        made.append(Picture(int(width), int(height), body))
    return made if at == len(told) else None
