"""Passkeys on the wire. Binary values are base64url without padding, as browsers write them (WebAuthn §5.1.8)."""

import re
from base64 import urlsafe_b64decode
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from faded_skies.domains.identity.models import Passkey
from faded_skies.domains.identity.ports import CreatedCredential, PasskeyAssertion
from faded_skies.domains.identity.schemas.fields import Secret, refuse
from faded_skies.platform.http.fields import Body, Line, Shape

_MOST = 16_384
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")
_BYTES_IN_FOUR = 4


def _read(value: object) -> bytes:
    if not isinstance(value, str) or len(value) > _MOST or not _BASE64URL.fullmatch(value):
        raise refuse(f"Send base64url without padding, at most {_MOST} characters, as the browser gives it.")
    missing = -len(value) % _BYTES_IN_FOUR
    if missing == _BYTES_IN_FOUR - 1:
        raise refuse("This base64url breaks off. Send it as the browser gives it.")
    return urlsafe_b64decode(value + "=" * missing)


Bytes = Annotated[
    bytes,
    BeforeValidator(_read),
    WithJsonSchema({"type": "string", "pattern": "^[A-Za-z0-9_-]*$", "maxLength": _MOST}),
]


class _FromBrowser(BaseModel):
    """Part of what `PublicKeyCredential.toJSON()` gives.

    Browsers add keys as they like, so unknown ones pass here: only what was signed counts.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class AttestationPart(_FromBrowser):
    client_data: Bytes = Field(alias="clientDataJSON")
    attestation_object: Bytes = Field(alias="attestationObject")


class CreatedCredentialPart(_FromBrowser):
    """What `navigator.credentials.create()` gave, by its `toJSON()`."""

    id: Bytes
    type: Literal["public-key"]
    response: AttestationPart

    def read(self) -> CreatedCredential:
        return CreatedCredential(self.id, self.response.client_data, self.response.attestation_object)


class AssertionPart(_FromBrowser):
    client_data: Bytes = Field(alias="clientDataJSON")
    authenticator_data: Bytes = Field(alias="authenticatorData")
    signature: Bytes
    user_handle: Bytes | None = Field(None, alias="userHandle")


class AssertedCredentialPart(_FromBrowser):
    """What `navigator.credentials.get()` gave, by its `toJSON()`."""

    id: Bytes
    type: Literal["public-key"]
    response: AssertionPart

    def read(self) -> PasskeyAssertion:
        part = self.response
        return PasskeyAssertion(
            credential_id=self.id,
            client_data=part.client_data,
            authenticator_data=part.authenticator_data,
            signature=part.signature,
            user_handle=part.user_handle,
        )


class BeginPasskey(Body, json_schema_extra={"examples": [{"password": "Demo-Skies-42!"}]}):
    """`password` by whoever signed in more than five minutes ago, and has no second factor."""

    password: Secret | None = None


class AddPasskey(
    Body,
    json_schema_extra={
        "examples": [
            {
                "name": "Maya's phone",
                "credential": {
                    "id": "dGhlLWNyZWRlbnRpYWw",
                    "type": "public-key",
                    "response": {"clientDataJSON": "e30", "attestationObject": "oA"},
                },
            }
        ]
    },
):
    name: Annotated[Line, Field(max_length=60, description="What the person calls it.")]
    credential: CreatedCredentialPart


class SignInWithPasskey(
    Body,
    json_schema_extra={
        "examples": [
            {
                "credential": {
                    "id": "dGhlLWNyZWRlbnRpYWw",
                    "type": "public-key",
                    "response": {
                        "clientDataJSON": "e30",
                        "authenticatorData": "AA",
                        "signature": "AA",
                        "userHandle": "AA",
                    },
                }
            }
        ]
    },
):
    credential: AssertedCredentialPart


class PasskeyShape(Shape):
    id: UUID
    name: str
    created_at: datetime
    last_used_at: datetime | None
    backed_up: bool = Field(
        description="It is kept in an account of the device's maker, or of a password manager."
    )


class PasskeysShape(Shape):
    passkeys: list[PasskeyShape]


class OnePasskeyShape(Shape):
    passkey: PasskeyShape


class RelyingPartyShape(Shape):
    id: str
    name: str


class PasskeyUserShape(Shape):
    id: str
    name: str
    display_name: str


class AlgorithmShape(Shape):
    type: Literal["public-key"]
    alg: int = Field(description="COSE's number: -8 EdDSA, -7 ES256, -257 RS256.")


class CredentialIdShape(Shape):
    id: str
    type: Literal["public-key"]


class SelectionShape(Shape):
    resident_key: Literal["required"]
    require_resident_key: Literal[True]
    user_verification: Literal["required"]


class CreationOptionsShape(Shape):
    """For `PublicKeyCredential.parseCreationOptionsFromJSON()`."""

    rp: RelyingPartyShape
    user: PasskeyUserShape
    challenge: str
    pub_key_cred_params: list[AlgorithmShape]
    timeout: int = Field(description="Milliseconds.")
    exclude_credentials: list[CredentialIdShape]
    authenticator_selection: SelectionShape
    attestation: Literal["none"]


class RequestOptionsShape(Shape):
    """For `PublicKeyCredential.parseRequestOptionsFromJSON()`."""

    challenge: str
    timeout: int = Field(description="Milliseconds.")
    rp_id: str
    allow_credentials: Annotated[
        list[CredentialIdShape], Field(max_length=0, description="Empty: nobody is named.")
    ]
    user_verification: Literal["required"]


def present_passkey(passkey: Passkey) -> dict[str, object]:
    return {
        "id": passkey.id,
        "name": passkey.name,
        "createdAt": passkey.created_at,
        "lastUsedAt": passkey.last_used_at,
        "backedUp": passkey.backed_up,
    }


def present_passkeys(passkeys: Sequence[Passkey]) -> dict[str, object]:
    return {"passkeys": [present_passkey(passkey) for passkey in passkeys]}
