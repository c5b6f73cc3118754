"""One person's calls to the public API: each is measured, and every answer is judged."""

import asyncio
import json
import ssl
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar
from urllib.parse import quote
from uuid import uuid4

import httpx

from faded_skies.simulate.tally import Failure, Tally

T = TypeVar("T")

TIMEOUT = 10.0
EXCERPT = 200
NOT_MODIFIED = 304
SERVER_ERROR = 500

EXPLAINED = frozenset({"RATE_LIMITED"})
"""Codes that explain themselves wherever they come."""


class Refused(Exception):
    """The API said no for a reason that this call allows. It is counted already."""

    def __init__(self, answer: "Answer") -> None:
        super().__init__(answer.code)
        self.answer = answer
        self.code = answer.code


class Unexplained(Exception):
    """Something that must not happen."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.what)
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `body` is parsed JSON with fractions as Decimal; None without a body or when it is no JSON."""

    call: str
    status: int
    request_id: str
    etag: str
    body: Any
    excerpt: str = ""

    @property
    def code(self) -> str:
        """Return the code of a refusal in the contract's form, else an empty text."""
        body = self.body
        if not isinstance(body, dict) or not isinstance(body.get("error"), str):
            return ""
        code = body.get("code")
        return code if isinstance(code, str) else ""

    def read(self, reader: Callable[[Any], T], *path: str) -> T:
        """Return what the reader makes of the value at a path. Raises Unexplained when the shape is wrong."""
        try:
            value = self.body
            for key in path:
                value = value[key]
            return reader(value)
        except (KeyError, IndexError, TypeError, ValueError) as wrong:
            where = ".".join(path) or "the body"
            raise self.unexplained(f"wrong shape in {where}: {type(wrong).__name__} {wrong}") from wrong

    def unexplained(self, what: str) -> Unexplained:
        return Unexplained(Failure(what, self.call, self.status, self.request_id, self.excerpt))


def judge(answer: Answer, refusals: Collection[str]) -> Answer:
    """Return a success. Raises Refused for an explained refusal, Unexplained for everything else."""
    if httpx.codes.is_success(answer.status) or answer.status == NOT_MODIFIED:
        return answer
    if answer.status >= SERVER_ERROR or not answer.code:
        raise answer.unexplained(f"answered {answer.status}")
    if answer.code in EXPLAINED or answer.code in refusals:
        raise Refused(answer)
    raise answer.unexplained(f"refused with {answer.code}")


@contextmanager
def going_on(tally: Tally) -> Iterator[None]:
    """Let a person's story go on after a refusal (counted before) or a failure (counted here)."""
    try:
        yield
    except Refused:
        pass
    except Unexplained as unexplained:
        tally.fail(unexplained.failure)


def new_key() -> str:
    """Return a fresh Idempotency-Key; never from the seed, because the server remembers keys between runs."""
    return str(uuid4())


@cache
def _tls() -> ssl.SSLContext:
    # One for all people: making it reads the certificates of the whole world.
    return httpx.create_ssl_context()


class Api:
    """The API as one person uses it, signed in or not."""

    def __init__(self, url: str, tally: Tally, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._tally = tally
        self._http = httpx.AsyncClient(
            base_url=url,
            timeout=TIMEOUT,
            verify=_tls(),
            # Servers close idle connections after five seconds or more: let go before they do.
            limits=httpx.Limits(keepalive_expiry=2),
            transport=transport,
        )
        self._refresh_token = ""
        self._refreshing = asyncio.Lock()
        self.token = ""

    async def close(self) -> None:
        await self._http.aclose()

    async def sign_in(self, email: str, password: str) -> Answer:
        """Sign in and keep the tokens for the calls to come; the answer holds the user."""
        answer = await self.call(
            "POST",
            "/api/auth/login",
            json={"email": email, "password": password},
            refusals={"INVALID_CREDENTIALS"},
        )
        self._keep_tokens(answer)
        return answer

    async def call(
        self,
        method: str,
        route: str,
        *,
        of: str = "",
        json: object = None,
        form: Mapping[str, str] | None = None,
        query: Mapping[str, str | int] | None = None,
        key: str | None = None,
        etag: str = "",
        refusals: Collection[str] = (),
    ) -> Answer:
        """Call a route, whose `{id}` is `of`, and judge the answer; codes in `refusals` are explained ones.

        Raises Refused, Unexplained.
        """
        headers = {"Idempotency-Key": key} if key else {}
        if etag:
            headers["If-None-Match"] = etag
        url = route.replace("{id}", quote(of, safe=""))
        request = self._http.build_request(method, url, json=json, data=form, params=query, headers=headers)
        token = self.token
        answer = await self._send(route, request)
        if answer.code == "TOKEN_EXPIRED":
            await self._renew(token)
            answer = await self._send(route, request)
        try:
            return judge(answer, refusals)
        except Refused as refused:
            self._tally.refusals[refused.code, answer.call] += 1
            raise

    async def _renew(self, expired: str) -> None:
        """Exchange the refresh token, once for all calls that met the same expired token."""
        async with self._refreshing:
            if self.token != expired:
                return
            route = "/api/auth/refresh-token"
            body = {"refreshToken": self._refresh_token}
            answer = await self._send(route, self._http.build_request("POST", route, json=body))
            self._keep_tokens(judge(answer, ()))

    def _keep_tokens(self, answer: Answer) -> None:
        self.token = answer.read(str, "accessToken")
        self._refresh_token = answer.read(str, "refreshToken")

    async def _send(self, route: str, request: httpx.Request) -> Answer:
        call = f"{request.method} {route}"
        if self.token:
            request.headers["Authorization"] = f"Bearer {self.token}"
        started = time.perf_counter()
        try:
            response = await self._http.send(request)
        except httpx.HTTPError as lost:
            waited = time.perf_counter() - started
            what = f"no answer: {type(lost).__name__} after {waited:.1f} s"
            raise Unexplained(Failure(what, call, excerpt=str(lost)[:EXCERPT])) from lost
        self._tally.measured(call, (time.perf_counter() - started) * 1000)
        return _answer(call, response)


def _answer(call: str, response: httpx.Response) -> Answer:
    status, request_id = response.status_code, response.headers.get("x-request-id", "")
    etag = response.headers.get("etag", "")
    if not response.content:
        return Answer(call, status, request_id, etag, None)
    try:
        body = json.loads(response.content, parse_float=Decimal)
    except ValueError:
        return Answer(call, status, request_id, etag, None, response.text[:EXCERPT])
    return Answer(call, status, request_id, etag, body, _excerpt(body))


def _excerpt(body: Any) -> str:
    """Return what an answer says of itself, and of other answers only their keys: values may be personal."""
    if not isinstance(body, dict):
        return type(body).__name__
    if "error" not in body:
        return f"keys: {', '.join(body)}"[:EXCERPT]
    fields = [str(one.get("field")) for one in body.get("details") or () if isinstance(one, dict)]
    return f"{body.get('code')}: {body['error']} {' '.join(fields)}".strip()[:EXCERPT]
