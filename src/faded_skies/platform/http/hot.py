"""Answers that are asked for far more often than they change: kept as bytes, compared by ETag.

`HotAnswers` answers before routing from bytes kept in this process for a moment, so that a rush of readers
costs one query a moment and several processes need not tell each other of changes. `tagged` gives an exact
answer its ETag.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Iterable
from hashlib import blake2b
from time import monotonic

from fastapi import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from faded_skies.platform.http.answers import Json

LIFETIME = 1.0  # seconds; the contract lets the stock in lists lag by as much
MOST_ENTRIES = 512
MOST_BYTES = 16 * 1024 * 1024

_CACHE_CONTROL = "public, max-age=0, must-revalidate"
_OK, _NOT_MODIFIED = 200, 304

Header = tuple[bytes, bytes]


def etag_of(body: bytes) -> str:
    """Return the strong entity tag of a body (RFC 9110 §8.8.3)."""
    return f'"{blake2b(body, digest_size=16).hexdigest()}"'


def is_known(headers: Iterable[Header], etag: bytes) -> bool:
    """Tell whether If-None-Match names the tag, compared weakly (RFC 9110 §13.1.2)."""
    for name, value in headers:
        if name == b"if-none-match":
            for given in value.split(b","):
                tag = given.strip()
                if tag.removeprefix(b"W/") == etag or tag == b"*":
                    return True
    return False


def tagged(request: Request, body: bytes) -> Response:
    """Return the body with its ETag, or 304 to who has it already."""
    etag = etag_of(body)
    headers = {"ETag": etag, "Cache-Control": _CACHE_CONTROL}
    if is_known(request.scope["headers"], etag.encode()):
        return Response(status_code=_NOT_MODIFIED, headers=headers)
    return Json(body, headers=headers)


class Answer:
    """A whole answer, and for how long it may be given again."""

    __slots__ = ("body", "etag", "fresh_until", "headers", "known_headers", "status")

    def __init__(self, status: int, headers: list[Header], body: bytes, *, fresh_until: float) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.etag = b""
        self.known_headers: list[Header] = []
        self.fresh_until = fresh_until
        if status == _OK:
            self.etag = etag_of(body).encode()
            self.known_headers = [(b"etag", self.etag), (b"cache-control", _CACHE_CONTROL.encode())]
            self.headers = [*headers, *self.known_headers]

    async def send(self, scope: Scope, send: Send) -> None:
        if self.etag and is_known(scope["headers"], self.etag):
            status, headers, body = _NOT_MODIFIED, self.known_headers, b""
        else:
            status, headers = self.status, self.headers
            body = b"" if scope["method"] == "HEAD" else self.body
        # A list of its own: the layers in front add their fields to it.
        await send({"type": "http.response.start", "status": status, "headers": headers.copy()})
        await send({"type": "http.response.body", "body": body})


class HotAnswers:
    """Answers GET and HEAD of the given exact paths from bytes, keyed by path and query as they came.

    Nothing here may depend on who asks. Only 200 is kept, for `LIFETIME` from the moment it was asked for;
    whoever asks while it is being made waits for it.
    """

    def __init__(self, app: ASGIApp, *, paths: Collection[str]) -> None:
        self._app = app
        self._paths = frozenset(paths)
        self._kept: OrderedDict[tuple[str, bytes], Answer] = OrderedDict()
        self._bytes = 0
        self._making: dict[tuple[str, bytes], asyncio.Task[Answer]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] != "http"
            or scope["path"] not in self._paths
            or scope["method"] not in {"GET", "HEAD"}
        ):
            await self._app(scope, receive, send)
            return
        key = (scope["path"], scope["query_string"])
        answer = self._kept.get(key)
        if answer is None or answer.fresh_until < monotonic():
            answer = await self._make(key, scope)
        await answer.send(scope, send)

    async def _make(self, key: tuple[str, bytes], scope: Scope) -> Answer:
        task = self._making.get(key)
        if task is None:
            # A task of its own: the first asker may hang up, and the others still want the answer.
            task = asyncio.create_task(self._ask(scope))
            self._making[key] = task
            task.add_done_callback(lambda done: self._made(key, done))
        return await asyncio.shield(task)

    def _made(self, key: tuple[str, bytes], task: "asyncio.Task[Answer]") -> None:
        del self._making[key]
        if not task.cancelled() and task.exception() is None and task.result().status == _OK:
            self._keep(key, task.result())

    async def _ask(self, scope: Scope) -> Answer:
        """Let the application answer a plain GET that nobody can hang up on."""
        started = monotonic()
        status, headers, parts = 500, list[Header](), list[bytes]()

        async def hear(message: Message) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status, headers = message["status"], list(message["headers"])
            else:
                parts.append(message.get("body", b""))

        async def nothing() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        await self._app({**scope, "method": "GET"}, nothing, hear)
        return Answer(status, headers, b"".join(parts), fresh_until=started + LIFETIME)

    def _keep(self, key: tuple[str, bytes], answer: Answer) -> None:
        old = self._kept.pop(key, None)
        if old is not None:
            self._bytes -= _size(key, old)
        self._kept[key] = answer
        self._bytes += _size(key, answer)
        while len(self._kept) > MOST_ENTRIES or self._bytes > MOST_BYTES:
            self._bytes -= _size(*self._kept.popitem(last=False))


def _size(key: tuple[str, bytes], answer: Answer) -> int:
    return len(key[1]) + len(answer.body)
