"""Texts of the environment that are more than a number or a word."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator
from pydantic_settings import NoDecode

from faded_skies.platform.networks import Network, parse_networks

_SPAN = re.compile(r"^\s*(\d+)\s*(s|m|h|d)\s*$")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _read_span(value: object) -> object:
    if not isinstance(value, str):
        return value
    found = _SPAN.match(value)
    if found is None:
        raise ValueError("write a whole number and a unit, such as 15m, 24h or 30d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _read_networks(value: object) -> object:
    return parse_networks(value) if isinstance(value, str) else value


SPAN = BeforeValidator(_read_span)
"""For a span of time: a number and its unit, such as 15m, 24h or 30d. After bounds, so that they are told in words."""

Networks = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_read_networks)]
"""Addresses and networks, with commas between them."""


def listed(text: str) -> list[str]:
    """Return what stands between the commas."""
    return [part.strip() for part in text.split(",") if part.strip()]
