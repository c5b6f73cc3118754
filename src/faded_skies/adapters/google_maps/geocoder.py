"""A Geocoder by Google's Geocoding API; while Google does not answer, the offline one stands in.

https://developers.google.com/maps/documentation/geocoding/requests-geocoding
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import structlog

from faded_skies.adapters.google_maps import components
from faded_skies.adapters.google_maps.caller import Caller, MapsDownError
from faded_skies.adapters.google_maps.components import Components
from faded_skies.domains.places.ports import Geocoder, Located, Place
from faded_skies.platform import vendor_news
from faded_skies.platform.outbound import refuse_inside_transaction

log = structlog.get_logger()

GEOCODING = "https://maps.googleapis.com"

_KNOWN: Mapping[str, Literal["rooftop", "street"]] = {"ROOFTOP": "rooftop", "RANGE_INTERPOLATED": "street"}


class GoogleGeocoder:
    """Locates an address where Google has it.

    Rooftop and interpolated results count as found when they are whole matches. Anything else (the middle of a street
    or town, a partial match) means that Google does not know the street; the position is then the offline one's.
    """

    def __init__(self, caller: Caller, offline: Geocoder, *, host: str = GEOCODING) -> None:
        self._caller = caller
        self._offline = offline
        self._url = f"{host}/maps/api/geocode/json"

    async def locate(self, place: Place) -> Located | None:
        """Return where Google has the address; None when neither it nor we know the ZIP code."""
        refuse_inside_transaction("The geocoder")
        ours = await self._offline.locate(place)
        try:
            found = _judged(await self._results(place), ours)
        except MapsDownError as down:
            log.warning("geocoding_fell_back", why=down.why)
            vendor_news.failed("maps", down.why)
            return ours
        vendor_news.answered("maps")
        return found

    async def _results(self, place: Place) -> Sequence[Mapping[str, Any]]:
        # Without the second line: a flat's number makes a whole match a partial one.
        address = f"{place.address_line1}, {place.city}, {place.state} {place.zip_code}"
        body = await self._caller.get_by_key_in_query(
            self._url, {"address": address, "components": "country:US", "region": "us", "language": "en"}
        )
        status = body.get("status")
        if status == "ZERO_RESULTS":
            return ()
        if status != "OK":
            raise MapsDownError(str(status)[:40].lower())
        results: Sequence[Mapping[str, Any]] = body.get("results", ())
        return results


def _judged(results: Sequence[Mapping[str, Any]], ours: Located | None) -> Located | None:
    """Return the first result that is one, with what we know of its ZIP code."""
    try:
        return next((found for one in results if (found := _found(one, ours))), _unknown(results, ours))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise MapsDownError("answer_of_another_shape") from None


def _found(result: Mapping[str, Any], ours: Located | None) -> Located | None:
    geometry = result["geometry"]
    precision = _KNOWN.get(geometry["location_type"])
    parts = _parts(result)
    if precision is None or result.get("partial_match") or not (parts.number and parts.zip_code):
        return None
    same = ours is not None and ours.zip_code == parts.zip_code
    return Located(
        latitude=float(geometry["location"]["lat"]),
        longitude=float(geometry["location"]["lng"]),
        precision=precision,
        formatted_address=str(result["formatted_address"]),
        # The post office knows a ZIP code by more names than the legal town's.
        cities=tuple(dict.fromkeys((*parts.towns, *(ours.cities if ours and same else ())))),
        state=parts.state,
        zip_code=parts.zip_code,
    )


def _unknown(results: Sequence[Mapping[str, Any]], ours: Located | None) -> Located | None:
    """Return the ZIP code's middle, saying that the street is unknown and what is like it."""
    if ours is None:
        return None
    like = next((one for one in results if _parts(one).street), None)
    return replace(ours, street_known=False, nearest=str(like["formatted_address"]) if like else None)


def _parts(result: Mapping[str, Any]) -> Components:
    return components.read(result["address_components"], long="long_name", short="short_name")
