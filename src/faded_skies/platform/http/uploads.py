"""Forms with files, read into bounded memory and never onto a disk.

The framework's own reader lays parts beyond a megabyte into temporary files, in the clear. Identity papers must not
lie about so; this one keeps them in memory, and refuses at the first byte too many.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.requests import ClientDisconnect, Request

from faded_skies.platform.errors import FileTooLarge, InvalidState, Malformed, Refused, Unsupported

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_LONGEST = 120.0
"""Seconds that an upload may take; a place in memory is held meanwhile."""
_MOST_NAME = 100
_MEGABYTE = 1024 * 1024
_BYTES_A_CHARACTER = 4


class NotAForm(Unsupported):
    code = "UNSUPPORTED_MEDIA_TYPE"
    sentence = "Send this as multipart/form-data."


class BrokenForm(Malformed):
    code = "MALFORMED_REQUEST"
    sentence = "This form breaks off, or is not multipart/form-data as RFC 7578 describes it. Send it again."


class UploadTooSlow(Malformed):
    code = "UPLOAD_TOO_SLOW"
    sentence = (
        "The upload took longer than two minutes. Try again on a better connection, or with a smaller file."
    )


class AlreadyUploading(InvalidState):
    sentence = "Another upload of yours is still under way. Wait until it is through, then try again."


PRIVATE_PICTURE = {
    "Cache-Control": "no-store, private",
    "Content-Disposition": "inline",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}
"""Header fields of a picture that somebody handed in: nothing of it may stay behind in the browser."""

_uploading: set[UUID] = set()


@contextmanager
def one_at_a_time(user_id: UUID) -> Iterator[None]:
    """Keep one person from taking all of this process's places for uploads with slow ones. Raises AlreadyUploading."""
    if user_id in _uploading:
        raise AlreadyUploading
    _uploading.add(user_id)
    try:
        yield
    finally:
        _uploading.remove(user_id)


@dataclass(frozen=True, slots=True)
class Form:
    """What was sent, by name; what was not sent, or is a file of no bytes, is not in it."""

    files: Mapping[str, bytes]
    fields: Mapping[str, str]


async def read_form(
    request: Request, *, files: Mapping[str, int], fields: Mapping[str, int], longest: float = _LONGEST
) -> Form:
    """Read the form. `files` are the most bytes by name, `fields` the most characters; other names are refused.

    A part's own name for its file and its content type are not looked at: they are the sender's word. Raises NotAForm,
    BrokenForm, UploadTooSlow, FileTooLarge, and Refused for a name that is unknown, sent twice, or too long a text.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data":
        raise NotAForm
    parts = _Parts(files, fields)
    try:
        parser = MultipartParser(options.get(b"boundary", b""), parts.callbacks())
        async with asyncio.timeout(longest):
            async for chunk in request.stream():
                parser.write(chunk)
    except (FormParserError, ClientDisconnect) as error:
        raise BrokenForm from error
    except TimeoutError:
        raise UploadTooSlow from None
    if not parts.complete:
        raise BrokenForm
    return Form(parts.files, parts.fields)


@dataclass
class _Parts:
    """Takes what the parser finds, part by part."""

    most_bytes: Mapping[str, int]
    most_characters: Mapping[str, int]
    files: dict[str, bytes] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    complete: bool = False
    _seen: set[str] = field(default_factory=set)
    _name: str = ""
    _content: bytearray = field(default_factory=bytearray)
    _key: bytes = b""
    _value: bytes = b""
    _disposition: bytes = b""

    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._on_key,
            "on_header_value": self._on_value,
            "on_header_end": self._on_header,
            "on_headers_finished": self._open,
            "on_part_data": self._on_data,
            "on_part_end": self._close,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        self._disposition, self._content = b"", bytearray()

    def _on_key(self, data: bytes, start: int, end: int) -> None:
        self._key += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header(self) -> None:
        if self._key.lower() == b"content-disposition":
            self._disposition = self._value
        self._key, self._value = b"", b""

    def _open(self) -> None:
        kind, options = parse_options_header(self._disposition.decode("latin-1"))
        if kind != b"form-data" or b"name" not in options:
            raise BrokenForm
        self._name = options[b"name"].decode(errors="replace")[:_MOST_NAME]
        if self._name not in self.most_bytes and self._name not in self.most_characters:
            raise Refused(self._name, "This field is not known here; remove it.")
        if self._name in self._seen:
            raise Refused(self._name, "Send this only once.")
        self._seen.add(self._name)

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        self._content += data[start:end]
        size = len(self._content)
        if self._name in self.most_bytes:
            most = self.most_bytes[self._name]
            if size > most:
                raise FileTooLarge(f"This file has more than {most / _MEGABYTE:.0f} MB. Send a smaller one.")
        elif size > self.most_characters[self._name] * _BYTES_A_CHARACTER:
            self._refuse_length()

    def _close(self) -> None:
        if self._name in self.most_bytes:
            if self._content:
                self.files[self._name] = bytes(self._content)
            return
        try:
            text = self._content.decode()
        except UnicodeDecodeError:
            raise Refused(self._name, "This text holds characters that are not valid Unicode.") from None
        if "\x00" in text:
            raise Refused(self._name, "Remove the NUL character.")
        if len(text) > self.most_characters[self._name]:
            self._refuse_length()
        self.fields[self._name] = text

    def _refuse_length(self) -> None:
        raise Refused(self._name, f"Write at most {self.most_characters[self._name]} characters.")

    def _end(self) -> None:
        self.complete = True


def documented_form(
    *,
    files: Mapping[str, str],
    fields: Mapping[str, str],
    required: Sequence[str],
    example: Mapping[str, str],
) -> dict[str, Any]:
    """Return an endpoint's `openapi_extra` for a form that `read_form` reads; `files` and `fields` are sentences."""
    properties = {
        **{
            name: {"type": "string", "contentMediaType": "application/octet-stream", "description": text}
            for name, text in files.items()
        },
        **{name: {"type": "string", "description": text} for name, text in fields.items()},
    }
    schema = {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }
    content = {"multipart/form-data": {"schema": schema, "example": dict(example)}}
    return {"requestBody": {"required": True, "content": content}}
