"""What a driver tells at the door, on the wire (contract §6)."""

from typing import Annotated, Literal

from pydantic import Field

from faded_skies.domains.delivery import rules
from faded_skies.domains.orders.schemas import OrderShape
from faded_skies.platform.errors import Refused
from faded_skies.platform.http.fields import MOST_TEXT, Body, Day, Line, Shape, Text
from faded_skies.platform.money import Dollars


class IdCheckBody(Body):
    method: Literal["barcode", "visual"]
    barcode: Annotated[Text, Field(max_length=4000)] | None = None
    document_type: Literal["drivers_license", "state_id", "passport", "military_id"] | None = None
    date_of_birth: Day | None = None
    expires_at: Day | None = None
    name_matches: Annotated[bool, Field(strict=True)] | None = None

    def read(self) -> rules.IdCheck | str:
        """Return what the driver read, or the text of the barcode. Raises Refused when something is missing."""
        if self.method == "barcode":
            if not self.barcode:
                raise Refused(
                    "idCheck.barcode", "Scan the barcode on the back of the card and send its text."
                )
            return self.barcode
        if self.barcode is not None:
            raise Refused("idCheck.barcode", "Send the barcode with the method barcode, or leave it out.")
        missing = "Read this from the ID and enter it."
        if self.document_type is None:
            raise Refused("idCheck.documentType", missing)
        if self.date_of_birth is None:
            raise Refused("idCheck.dateOfBirth", missing)
        if self.expires_at is None:
            raise Refused("idCheck.expiresAt", missing)
        if self.name_matches is None:
            raise Refused(
                "idCheck.nameMatches", "Compare the name with the order and say whether it matches."
            )
        return rules.IdCheck(self.document_type, self.date_of_birth, self.expires_at, self.name_matches)


class DeliverBody(
    Body,
    json_schema_extra={
        "examples": [
            {
                "idCheck": {
                    "method": "visual",
                    "documentType": "drivers_license",
                    "dateOfBirth": "1990-05-17",
                    "expiresAt": "2031-05-17",
                    "nameMatches": True,
                },
                "cashReceived": 80,
            }
        ]
    },
):
    id_check: IdCheckBody
    signature: (
        Annotated[Line, Field(max_length=50_000, description="As the device drew or typed it.")] | None
    ) = None
    cash_received: Dollars | None = None


ReturnCode = Literal[
    "nobody_there",
    "underage",
    "no_valid_id",
    "another_person",
    "intoxicated",
    "refused_by_customer",
    "unsafe",
    "other",
]


class ReturnBody(
    Body, json_schema_extra={"examples": [{"reason": "Nobody opened the door.", "code": "nobody_there"}]}
):
    """`reason` is told to the customer; `code` is for the records."""

    reason: Annotated[Line, Field(max_length=MOST_TEXT)]
    code: ReturnCode | None = None


class DeliveredAnswer(Shape):
    order: OrderShape
    change: float | None = Field(description="The change to give; null when no cash was due.")
