"""The header fields that tell browsers what they must not do with our answers (OWASP HTTP Headers Cheat Sheet).

They are bytes made once; an answer that sets a field itself keeps its own.
"""

from starlette.types import Message, Send

FILES = ("/media/", "/docs/assets/")
"""Files that other origins may show and caches may keep."""

_ALWAYS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
]
_HSTS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
_DATA = [
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_OF_FILES = [_DATA[0], (b"cross-origin-resource-policy", b"cross-origin")]
# The pages of the doubles: styles of their own, forms to themselves, no scripts at all.
_PAGE_POLICY = (
    b"default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; form-action 'self'; "
    b"base-uri 'none'; frame-ancestors 'none'"
)
_PAGE = [
    (b"content-security-policy", _PAGE_POLICY),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
]
_NAMES = frozenset(name for name, _ in (*_ALWAYS, _HSTS, *_PAGE))
_NO_STORE = (b"cache-control", b"no-store")


class Guards:
    """Adds the fields to the start of an answer. `secure`: the shop is reached by https from outside."""

    def __init__(self, *, secure: bool) -> None:
        always = [*_ALWAYS, _HSTS] if secure else _ALWAYS
        self._data, self._files, self._page = ([*always, *more] for more in (_DATA, _OF_FILES, _PAGE))

    def add(self, message: Message, path: str) -> None:
        """Complete the header of the answer to `path`."""
        raw: list[tuple[bytes, bytes]] = message["headers"]
        given = dict(raw)
        kept = path.startswith(FILES)
        if kept:
            fields = self._files
        elif given.get(b"content-type", b"").startswith(b"text/html"):
            fields = self._page
        else:
            fields = self._data
        if not _NAMES.isdisjoint(given):
            fields = [field for field in fields if field[0] not in given]
        raw.extend(fields)
        # What does not say that it may be kept is somebody's own, or may be.
        if b"cache-control" not in given and not kept:
            raw.append(_NO_STORE)

    def wrap(self, send: Send, path: str) -> Send:
        """Return a `send` that completes the header, for what does not pass the front."""

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": list(message.get("headers", ()))}
                self.add(message, path)
            await send(message)

        return answer
