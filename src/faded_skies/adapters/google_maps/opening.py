"""Opens Google's adapters of the maps ports, with the offline ones behind them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from faded_skies.adapters.google_maps.caller import open_caller
from faded_skies.adapters.google_maps.finder import PLACES, GoogleFinder
from faded_skies.adapters.google_maps.geocoder import GEOCODING, GoogleGeocoder
from faded_skies.adapters.google_maps.times import ROUTES, GoogleTimes
from faded_skies.domains.delivery.ports import TravelTimes
from faded_skies.domains.places.ports import AddressFinder, Geocoder


@dataclass(frozen=True, slots=True)
class Hosts:
    """Where Google's APIs of addresses are."""

    geocoding: str = GEOCODING
    places: str = PLACES


@asynccontextmanager
async def open_google(
    key: str,
    *,
    geocoder: Geocoder,
    finder: AddressFinder,
    own: str,
    hosts: Hosts = Hosts(),
    patience: float = 4.0,
) -> AsyncIterator[tuple[GoogleGeocoder, GoogleFinder]]:
    """Keep connections to Google Maps open until the end.

    `geocoder` and `finder` stand in while Google does not answer; place ids that begin with `own` are the latter's.
    A question of Google ends within `patience` seconds.
    """
    async with open_caller(key, patience=patience) as caller:
        yield (
            GoogleGeocoder(caller, geocoder, host=hosts.geocoding),
            GoogleFinder(caller, finder, own=own, host=hosts.places),
        )


@asynccontextmanager
async def open_google_times(
    key: str, *, offline: TravelTimes, host: str = ROUTES, patience: float = 4.0
) -> AsyncIterator[GoogleTimes]:
    """Keep connections to Google's Routes API open until the end; `offline` stands in while it does not answer."""
    async with open_caller(key, patience=patience) as caller:
        yield GoogleTimes(caller, offline, host=host)
