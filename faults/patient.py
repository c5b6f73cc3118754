"""Clients that repeat what they got no answer to, and the record of what they were told."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import uuid4

import httpx

JSON = dict[str, Any]

_PATIENCE_SECONDS = 300
_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 2.0


@dataclass(frozen=True)
class Person:
    """Somebody with a token and, for customers, an address and ways to pay."""

    headers: dict[str, str]
    born: date
    address_id: str = ""
    methods: dict[str, str] = field(default_factory=dict)


@dataclass
class Record:
    """What all of them were told, for the proof in the end."""

    orders: dict[str, JSON] = field(default_factory=dict)
    """Each order that a client was told of, as it was told last, by its id."""

    declined: set[str] = field(default_factory=set)
    """Orders that a client knows only from the refusal of their payment."""

    refunds: Counter[str] = field(default_factory=Counter)
    """How many refunds of each order staff was told to be made."""

    cash_cents: int = 0
    """What the driver was told to have taken at doors."""

    counts: Counter[str] = field(default_factory=Counter)
    unexplained: list[str] = field(default_factory=list)

    def hear(self, order: JSON) -> None:
        """Remember what a client was told of an order."""
        self.orders[order["id"]] = order


class Patient:
    """Calls until there is an answer, with the same Idempotency-Key, at one server or another."""

    def __init__(
        self, http: httpx.AsyncClient, servers: Sequence[str], chance: random.Random, record: Record
    ) -> None:
        self._http = http
        self._servers = servers
        self._chance = chance
        self._record = record

    async def call(self, method: str, path: str, person: Person, body: JSON | None = None) -> httpx.Response:
        """Return the answer that is not merely "not now". Raises TimeoutError when none comes."""
        headers = person.headers | ({"Idempotency-Key": str(uuid4())} if method != "GET" else {})
        return await self._insist(method, path, headers=headers, json=body)

    async def expect(
        self,
        method: str,
        path: str,
        person: Person,
        body: JSON | None = None,
        *,
        refusals: tuple[int, ...] = (),
    ) -> JSON | None:
        """Return the body of a success, None for an expected refusal; everything else is written down."""
        answer = await self.call(method, path, person, body)
        if answer.is_success:
            return answer.json() if answer.content else {}
        if answer.status_code not in refusals:
            self._record.unexplained.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        return None

    async def press(self, secret: str, outcome: str) -> None:
        """Answer the bank's question on its page."""
        path = f"/sandbox/authenticate/{secret.partition('_secret_')[0]}"
        await self._insist("POST", path, data={"client_secret": secret, "outcome": outcome})

    async def _insist(self, method: str, path: str, **what: Any) -> httpx.Response:
        given_up = time.monotonic() + _PATIENCE_SECONDS
        pause = _PAUSE_SECONDS
        while True:
            url = f"{self._chance.choice(self._servers)}{path}"
            try:
                answer = await self._http.request(method, url, **what)
            except httpx.ConnectError:
                self._record.counts["calls to a server that was down"] += 1
            except httpx.HTTPError:
                self._record.counts["answers lost on their way"] += 1
            else:
                if not self._is_put_off(answer, f"{method} {path}"):
                    return answer
            if time.monotonic() > given_up:
                raise TimeoutError(f"no answer to {method} {path}")
            await asyncio.sleep(pause)
            pause = min(_LONGEST_PAUSE_SECONDS, pause * 1.4)

    def _is_put_off(self, answer: httpx.Response, call: str) -> bool:
        if answer.status_code == httpx.codes.INTERNAL_SERVER_ERROR:
            self._record.unexplained.append(f"{call}: 500 {answer.text[:200]}")
        if answer.is_server_error:
            self._record.counts["answers that said: not now"] += 1
            return True
        return answer.is_client_error and b"IDEMPOTENCY_IN_PROGRESS" in answer.content
