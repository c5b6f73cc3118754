"""What the endpoints of the road need from bootstrap, and how they refuse what the law refuses."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request

from faded_skies.domains.compliance import service as compliance
from faded_skies.domains.compliance.service import Law
from faded_skies.domains.delivery.ports import DepartureGate, PaperPrinter
from faded_skies.domains.delivery.service import Leaving, Terms
from faded_skies.domains.payments.ports import Gateways
from faded_skies.domains.places.ports import Gazetteer
from faded_skies.platform import clock
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.provide import ports_of, provided
from faded_skies.platform.idempotency import Answer, Call
from faded_skies.platform.keyring import Keyring

Rules = Annotated[Law, provided(Law)]
Agreed = Annotated[Terms, provided(Terms)]
Connected = Annotated[Gateways, provided(Gateways)]
Gated = Annotated[DepartureGate, provided(DepartureGate)]
Towns = Annotated[Gazetteer, provided(Gazetteer)]
Printer = Annotated[PaperPrinter, provided(PaperPrinter)]


async def _keyring(request: Request) -> Keyring:
    return ports_of(request).keyring


Keys = Annotated[Keyring, Depends(_keyring)]


async def _leaving(law: Rules, keyring: Keys) -> Leaving:
    return Leaving(law, keyring, clock.now())


AboutToLeave = Annotated[Leaving, Depends(_leaving)]


async def judged(db: Database, call: Call | None, work: Callable[[Tx], Awaitable[Answer]]) -> Json:
    """Run the work once, as `once` does; what the law refused is kept in a transaction of its own."""
    return (await compliance.judged_once(db, call, work)).response()
