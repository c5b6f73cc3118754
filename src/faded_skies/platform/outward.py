"""What of an event leaves the shop, and in which form: a CloudEvent (1.0, JSON) without anything personal.

By type: ids, times, numbers, truths and closed words leave. A text leaves only if its event names it in `open_texts`:
what people are called, write or are told stays here, and so does what a vendor gave us.
"""

import re
from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import orjson

from faded_skies.platform.events import Event
from faded_skies.platform.ids import uuid_text

TYPE_PREFIX = "faded-skies"
CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"

_PLAIN = (UUID, datetime, date, int, bool)
_MAIN_SUBJECT = "order_id"
_HUMP = re.compile(r"_([a-z0-9])")


@dataclass(frozen=True)
class Outgoing:
    """One event on its way. `name` is where it is published, `subject` what its order is kept for."""

    id: UUID
    name: str
    subject: UUID | None
    body: bytes


_OPEN: dict[type[Event], tuple[str, ...]] = {}


def open_fields(kind: type[Event]) -> tuple[str, ...]:
    """Return the names of the fields that leave."""
    if kind not in _OPEN:
        _OPEN[kind] = _find_open_fields(kind)
    return _OPEN[kind]


def _find_open_fields(kind: type[Event]) -> tuple[str, ...]:
    hints = get_type_hints(kind)
    names = (one.name for one in fields(kind))
    return tuple(name for name in names if name in kind.open_texts or _is_plain(hints[name]))


def type_of(kind: type[Event]) -> str:
    """Return the CloudEvents `type` of an event."""
    return f"{TYPE_PREFIX}.{kind.name}.v{kind.version}"


def wire_name(field: str) -> str:
    """Return the name of a field in JSON."""
    return _HUMP.sub(lambda found: found[1].upper(), field)


def subject_of(event: Event) -> UUID | None:
    """Return what an event is about: the order where there is one, else its first id."""
    values = [getattr(event, one.name) for one in fields(event)]
    ids = [value for value in values if isinstance(value, UUID)]
    return getattr(event, _MAIN_SUBJECT, None) or next(iter(ids), None)


def outgoing(event: Event, *, event_id: UUID, at: datetime, source: str) -> Outgoing:
    """Return the event as others hear it. `source` is the address of this shop's API."""
    kind, subject = type(event), subject_of(event)
    body: dict[str, object] = {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": type_of(kind),
        "time": at,
        "datacontenttype": "application/json",
        "data": {wire_name(name): getattr(event, name) for name in open_fields(kind)},
    }
    if subject is not None:
        body["subject"] = subject
    return Outgoing(
        event_id, event.name, subject, orjson.dumps(body, default=uuid_text, option=orjson.OPT_UTC_Z)
    )


def _is_plain(hint: Any) -> bool:
    if get_origin(hint) in {Union, UnionType}:
        return all(_is_plain(one) for one in get_args(hint))
    if get_origin(hint) is Literal:
        return True
    return hint is NoneType or (isinstance(hint, type) and issubclass(hint, (*_PLAIN, StrEnum)))
