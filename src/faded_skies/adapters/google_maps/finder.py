"""An AddressFinder by Google's Places API (New); while Google does not answer, the offline one suggests.

https://developers.google.com/maps/documentation/places/web-service/place-autocomplete
https://developers.google.com/maps/documentation/places/web-service/place-details
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import structlog

from faded_skies.adapters.google_maps import components
from faded_skies.adapters.google_maps.caller import Caller, MapsDownError
from faded_skies.domains.places.ports import AddressFinder, FoundAddress, Suggestion
from faded_skies.platform import vendor_news
from faded_skies.platform.errors import Unavailable
from faded_skies.platform.outbound import refuse_inside_transaction

log = structlog.get_logger()

PLACES = "https://places.googleapis.com"

_PREDICTIONS = "suggestions.placePrediction.placeId,suggestions.placePrediction.text.text"
_DETAILS = "id,formattedAddress,addressComponents,location,types"
_KINDS = ["street_address", "premise", "subpremise", "route"]
_BIAS_M = 50_000.0  # the widest circle that Google takes
_PLACE_ID = re.compile(r"[A-Za-z0-9_-]+")  # anything else would lead to another path
_BAD_IDS = {httpx.codes.BAD_REQUEST, httpx.codes.NOT_FOUND}


class GoogleFinder:
    """Completes addresses by what Google knows; ids that the offline finder made are its to find."""

    def __init__(self, caller: Caller, offline: AddressFinder, *, own: str, host: str = PLACES) -> None:
        self._caller = caller
        self._offline = offline
        self._own = own
        self._host = host

    async def suggest(
        self, text: str, *, near: tuple[float, float] | None, session: str | None
    ) -> list[Suggestion]:
        """Return Google's suggestions, those near the point first."""
        refuse_inside_transaction("The address finder")
        body: dict[str, Any] = {
            "input": text,
            "includedRegionCodes": ["us"],
            "includedPrimaryTypes": _KINDS,
            "languageCode": "en",
            "regionCode": "us",
        }
        if near:
            middle = {"latitude": near[0], "longitude": near[1]}
            body["locationBias"] = {"circle": {"center": middle, "radius": _BIAS_M}}
        if session:
            body["sessionToken"] = session
        try:
            found = _suggestions(await self._suggested(body))
        except MapsDownError as down:
            log.warning("autocomplete_fell_back", why=down.why)
            vendor_news.failed("maps", down.why)
            return await self._offline.suggest(text, near=near, session=session)
        vendor_news.answered("maps")
        return found

    async def _suggested(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        url = f"{self._host}/v1/places:autocomplete"
        status, answer = await self._caller.ask("POST", url, fields=_PREDICTIONS, body=body)
        if status != httpx.codes.OK:
            raise MapsDownError(f"http_{status}")
        return answer

    async def find(self, place_id: str, *, session: str | None) -> FoundAddress | None:
        """Return a place's address; None when Google does not know the id or it is no address in the country."""
        refuse_inside_transaction("The address finder")
        if place_id.startswith(self._own):
            return await self._offline.find(place_id, session=session)
        if not _PLACE_ID.fullmatch(place_id):
            return None
        try:
            answer = await self._details(place_id, session)
            found = None if answer is None else _address(answer)
        except MapsDownError as down:
            log.warning("place_not_found_out", why=down.why)
            vendor_news.failed("maps", down.why)
            raise Unavailable(
                "The map does not answer at the moment. Write the address yourself, or try again soon."
            ) from None
        vendor_news.answered("maps")
        return found

    async def _details(self, place_id: str, session: str | None) -> Mapping[str, Any] | None:
        url = f"{self._host}/v1/places/{place_id}"
        params = {"languageCode": "en", "regionCode": "us"} | ({"sessionToken": session} if session else {})
        status, answer = await self._caller.ask("GET", url, fields=_DETAILS, params=params)
        if status in _BAD_IDS and not _is_about_the_key(answer):
            return None
        if status != httpx.codes.OK:
            raise MapsDownError(f"http_{status}")
        return answer


def _is_about_the_key(answer: Mapping[str, Any]) -> bool:
    # A key that Google does not know is answered by 400, as an id that it cannot read.
    try:
        return any("API_KEY" in str(one.get("reason")) for one in answer["error"].get("details", ()))
    except (KeyError, TypeError, AttributeError):
        return False


def _suggestions(answer: Mapping[str, Any]) -> list[Suggestion]:
    try:
        predictions = [
            one["placePrediction"] for one in answer.get("suggestions", ()) if "placePrediction" in one
        ]
        return [Suggestion(str(one["text"]["text"]), str(one["placeId"])) for one in predictions]
    except (KeyError, TypeError, AttributeError):
        raise MapsDownError("answer_of_another_shape") from None


def _address(place: Mapping[str, Any]) -> FoundAddress | None:
    try:
        parts_told: Sequence[Mapping[str, Any]] = place.get("addressComponents", ())
        parts = components.read(parts_told, long="longText", short="shortText")
        if parts.country != "US" or not (parts.towns and parts.state and parts.zip_code):
            return None
        return FoundAddress(
            address_line1=parts.line1 or None,
            city=parts.towns[0],
            state=parts.state,
            zip_code=parts.zip_code,
            latitude=float(place["location"]["latitude"]),
            longitude=float(place["location"]["longitude"]),
            # Google does not say how it knows; a house number may be reckoned from the street's.
            precision="street" if parts.number else "zip",
            formatted_address=str(place["formattedAddress"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise MapsDownError("answer_of_another_shape") from None
