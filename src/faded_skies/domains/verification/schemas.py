"""Identity papers on the wire (contract §2, §6)."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from faded_skies.domains.verification.models import (
    DocumentType,
    QueueEntry,
    Side,
    Verification,
    VerificationStatus,
)
from faded_skies.domains.verification.service import ReadByStaff
from faded_skies.platform.http.fields import MOST_TEXT, Body, Line, Shape, Text


class VerificationShape(Shape):
    """One time that a person handed in papers; `reason` says why they were rejected."""

    id: UUID
    status: VerificationStatus
    document_type: DocumentType
    reason: str | None
    redirect_url: str | None = Field(
        default=None, description="Where to go on at the vendor; only while its check is open."
    )
    created_at: datetime


class VerificationAnswer(Shape):
    verification: VerificationShape


class LatestVerificationAnswer(Shape):
    verification: VerificationShape | None = Field(description="null before anything was handed in.")


class FindingsShape(Shape):
    """What the machine saw. `reasons` are sentences for staff, one for each doubt."""

    read: bool
    birth_date_equal: bool | None = None
    name: str | None = None
    validity: Literal["valid", "expired", "unknown"] | None = None
    of_age: bool | None = None
    american: bool | None = None
    reasons: list[str]


class PersonShape(Shape):
    id: UUID
    full_name: str
    date_of_birth: date | None


class QueueEntryShape(Shape):
    """A verification as staff sees it."""

    id: UUID
    user: PersonShape
    status: VerificationStatus
    document_type: DocumentType
    method: Literal["review", "barcode", "jumio"]
    reason: str | None
    findings: FindingsShape | None = Field(description="null until the machine had its look.")
    issuer: str | None
    expires_on: date | None
    number_known: bool = Field(description="Whether the document's number was read.")
    held_by_another: bool = Field(description="Another account has this document, or it is blocked.")
    namesakes: int = Field(description="Approved or suspended accounts of that name and birth date.")
    sides: list[Side] = Field(description="The pictures that can be looked at.")
    created_at: datetime
    decided_at: datetime | None
    decided_by: UUID | None


class QueueAnswer(Shape):
    verifications: list[QueueEntryShape]
    total: int
    has_more: bool


class QueueEntryAnswer(Shape):
    verification: QueueEntryShape


class LinkShape(Shape):
    side: Side
    url: str = Field(description="Good once.")
    expires_at: datetime


class LinksAnswer(Shape):
    links: list[LinkShape]


def _day(value: object) -> object:
    if not isinstance(value, str) or len(value) != len("2030-05-17"):
        raise PydanticCustomError("day", "Write the day as YYYY-MM-DD, such as 2030-05-17.")
    return value


DocumentNumber = Annotated[Line, Field(max_length=40, pattern=r"[A-Za-z0-9]", examples=["12345678"])]
Issuer = Annotated[
    str,
    Field(
        pattern=r"^[A-Z]{2,3}$",
        description="The state or country that issued it, in two or three capitals.",
        examples=["TX"],
    ),
]


class ReadOnDocument(Body, json_schema_extra={"examples": [{"documentNumber": "12345678", "issuer": "TX"}]}):
    """What staff read on the document."""

    document_number: DocumentNumber | None = None
    issuer: Issuer | None = None

    @model_validator(mode="after")
    def _together(self) -> "ReadOnDocument":
        if (self.document_number is None) != (self.issuer is None):
            raise PydanticCustomError(
                "together", "Give documentNumber and issuer together: numbers repeat from state to state."
            )
        return self


class Approve(
    ReadOnDocument,
    json_schema_extra={
        "examples": [{"documentNumber": "12345678", "issuer": "TX", "expiresOn": "2030-05-17"}]
    },
):
    """All of it may be left out where the barcode was read."""

    expires_on: Annotated[date, BeforeValidator(_day)] | None = None

    @property
    def read(self) -> ReadByStaff:
        return ReadByStaff(self.document_number, self.issuer, self.expires_on)


class Reject(ReadOnDocument, json_schema_extra={"examples": [{"reason": "The photo is blurred."}]}):
    reason: Annotated[Line, Field(max_length=MOST_TEXT, description="The person is told this.")]
    block: Annotated[
        bool, Field(strict=True, description="Let nobody be approved with this document again.")
    ] = False

    @property
    def read(self) -> ReadByStaff:
        return ReadByStaff(self.document_number, self.issuer)


class _Named(BaseModel):
    model_config = ConfigDict(extra="ignore", alias_generator=to_camel)

    id: Annotated[Text, Field(min_length=1, max_length=100)]


class _Execution(_Named):
    status: Annotated[Text, Field(min_length=1, max_length=50)]


class VendorCallback(
    BaseModel,
    json_schema_extra={
        "examples": [
            {
                "callbackSentAt": "2026-11-24T10:00:00.000Z",
                "workflowExecution": {"id": "an id of theirs", "status": "PROCESSED"},
                "account": {"id": "an id of theirs"},
            }
        ]
    },
):
    """What a vendor tells: that something happened. Its links are not followed."""

    model_config = ConfigDict(extra="ignore", alias_generator=to_camel)

    callback_sent_at: Annotated[Text, Field(max_length=50)] = ""
    workflow_execution: _Execution
    account: _Named


class CallbackAnswer(Shape):
    received: Literal[True]


def present(verification: Verification) -> dict[str, Any]:
    """Return a verification as its person sees it."""
    told: dict[str, Any] = {
        "id": verification.id,
        "status": verification.status,
        "documentType": verification.document_type,
        "reason": verification.reason,
        "createdAt": verification.created_at,
    }
    if verification.redirect_url is not None and verification.status is VerificationStatus.PROCESSING:
        told["redirectUrl"] = verification.redirect_url
    return told


def present_entry(entry: QueueEntry) -> dict[str, Any]:
    """Return a verification as staff sees it."""
    verification = entry.verification
    return {
        "id": verification.id,
        "user": {
            "id": verification.user_id,
            "fullName": entry.full_name,
            "dateOfBirth": entry.date_of_birth,
        },
        "status": verification.status,
        "documentType": verification.document_type,
        "method": verification.method,
        "reason": verification.reason,
        "findings": verification.findings,
        "issuer": verification.issuer,
        "expiresOn": verification.expires_on,
        "numberKnown": verification.number_hash is not None,
        "heldByAnother": entry.held_by_another,
        "namesakes": entry.namesakes,
        "sides": list(entry.sides),
        "createdAt": verification.created_at,
        "decidedAt": verification.decided_at,
        "decidedBy": verification.decided_by,
    }
