"""Papers handed in by the door, and decided."""

from uuid import UUID

import httpx

from factories.identity import BORN, SignedInPerson
from factories.licences import Card
from factories.papers import card_back, front, saved

FRONT = saved(front())


OWN_CARD = Card(number="12345678", family="OKAFOR", first="MAYA", middle="", born=BORN.isoformat())
"""The card of a person as `signed_in` makes them, with everything in order."""


async def hand_in(
    client: httpx.AsyncClient,
    person: SignedInPerson,
    *,
    front_picture: bytes = FRONT,
    back: bytes | None = None,
    document_type: str = "drivers_license",
    **fields: str,
) -> httpx.Response:
    """Post papers as a client does."""
    files = {"idDocument": ("front.jpg", front_picture, "image/jpeg")}
    if back is not None:
        files["idDocumentBack"] = ("back.jpg", back, "image/jpeg")
    return await client.post(
        "/api/users/id-verification",
        headers=person.headers,
        data={"documentType": document_type, **fields},
        files=files,
    )


async def handed_in(client: httpx.AsyncClient, person: SignedInPerson, card: Card | None = None) -> UUID:
    """Hand in a front, and the back of the card when one is given; return the verification's id."""
    back = None if card is None else saved(card_back(card))
    answer = await hand_in(client, person, back=back)
    assert answer.status_code == 202, answer.text
    return UUID(answer.json()["verification"]["id"])
