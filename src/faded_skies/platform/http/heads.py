"""A bound on header fields, which httptools does not know: it would gather a field of any length in memory."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD_BYTES = 64 * 1024

_BODY = (
    b'{"error":"The header fields of this request are too large. Send fewer cookies, or shorter fields.",'
    b'"code":"HEADERS_TOO_LARGE"}'
)
# Written by hand: no request has been read yet that the application could answer (RFC 6585 §5).
_REFUSAL = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/json\r\n"
    b"cache-control: no-store\r\nx-content-type-options: nosniff\r\nconnection: close\r\n"
    b"content-length: %d\r\n\r\n%s" % (len(_BODY), _BODY)
)


class BoundedHeads(HttpToolsProtocol):
    """Hangs up on who sends more than 64 KiB, give or take one read, that is no body: header fields, trailers."""

    _gathered = 0
    _moved = False

    def data_received(self, data: bytes) -> None:
        self._moved = False
        super().data_received(data)
        self._gathered = 0 if self._moved else self._gathered + len(data)
        if self._gathered > MOST_HEAD_BYTES and not self.transport.is_closing():
            self.transport.write(_REFUSAL)
            self.transport.close()

    def on_headers_complete(self) -> None:
        self._moved = True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._moved = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._moved = True
        super().on_message_complete()
