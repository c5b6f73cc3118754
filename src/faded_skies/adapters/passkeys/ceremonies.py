"""WebAuthn by py_webauthn, and the checks that it leaves to the relying party (docs/adr/0017-passkeys.md)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import urlsplit

import structlog
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    bytes_to_base64url,
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
    options_to_json_dict,
    parse_attestation_object,
    parse_client_data_json,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import (
    AttestationFormat,
    AuthenticationCredential,
    AuthenticatorAssertionResponse,
    AuthenticatorAttestationResponse,
    AuthenticatorSelectionCriteria,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    RegistrationCredential,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from faded_skies.domains.identity.ports import (
    CreatedCredential,
    NewPasskey,
    PasskeyAssertion,
    PasskeyRefused,
    PasskeyUse,
    PasskeyUser,
)

log = structlog.get_logger()

ALGORITHMS = [
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
SHOP = "Faded Skies"

_MOST_ID_BYTES = 1023  # WebAuthn §7.1, step 25
_MOST_KEY_BYTES = 600  # an RSA key of 4,096 bits takes 526
_MOST_LOGGED = 200


class WebauthnCeremonies:
    """`PasskeyCeremonies` of the apps at these origins.

    The relying party is the host of the first; an app elsewhere can only take part from a host below it.
    """

    def __init__(self, origins: Sequence[str]) -> None:
        self._origins = list(origins)
        self._rp_id = urlsplit(origins[0]).hostname or ""

    def creation_options(
        self, *, challenge: bytes, user: PasskeyUser, known: Sequence[bytes], timeout: timedelta
    ) -> dict[str, object]:
        return options_to_json_dict(
            generate_registration_options(
                rp_id=self._rp_id,
                rp_name=SHOP,
                user_id=user.handle,
                user_name=user.name,
                user_display_name=user.full_name,
                challenge=challenge,
                timeout=_milliseconds(timeout),
                authenticator_selection=AuthenticatorSelectionCriteria(
                    resident_key=ResidentKeyRequirement.REQUIRED,
                    user_verification=UserVerificationRequirement.REQUIRED,
                ),
                exclude_credentials=[PublicKeyCredentialDescriptor(id=one) for one in known],
                supported_pub_key_algs=ALGORITHMS,
            )
        )

    def request_options(self, *, challenge: bytes, timeout: timedelta) -> dict[str, object]:
        return options_to_json_dict(
            generate_authentication_options(
                rp_id=self._rp_id,
                challenge=challenge,
                timeout=_milliseconds(timeout),
                user_verification=UserVerificationRequirement.REQUIRED,
            )
        )

    def challenge_of(self, client_data: bytes) -> bytes:
        with _refusing():
            return parse_client_data_json(client_data).challenge

    def check_new(self, credential: CreatedCredential, *, challenge: bytes) -> NewPasskey:
        with _refusing():
            _require_own_page(credential.client_data)
            _require_plain_attestation(credential.attestation)
            verified = verify_registration_response(
                credential=RegistrationCredential(
                    id=bytes_to_base64url(credential.credential_id),
                    raw_id=credential.credential_id,
                    response=AuthenticatorAttestationResponse(
                        client_data_json=credential.client_data, attestation_object=credential.attestation
                    ),
                ),
                expected_challenge=challenge,
                expected_rp_id=self._rp_id,
                expected_origin=self._origins,
                require_user_verification=True,
                supported_pub_key_algs=ALGORITHMS,
            )
            if verified.credential_id != credential.credential_id:
                raise PasskeyRefused("The authenticator names another credential.")
            if len(verified.credential_id) > _MOST_ID_BYTES:
                raise PasskeyRefused("The credential id is too long.")
            _require_usable_key(verified.credential_public_key)
            return NewPasskey(
                credential_id=verified.credential_id,
                public_key=verified.credential_public_key,
                sign_count=verified.sign_count,
                backup_eligible=verified.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
                backed_up=verified.credential_backed_up,
            )

    def check_use(self, assertion: PasskeyAssertion, *, challenge: bytes, public_key: bytes) -> PasskeyUse:
        with _refusing():
            _require_own_page(assertion.client_data)
            verified = verify_authentication_response(
                credential=AuthenticationCredential(
                    id=bytes_to_base64url(assertion.credential_id),
                    raw_id=assertion.credential_id,
                    response=AuthenticatorAssertionResponse(
                        client_data_json=assertion.client_data,
                        authenticator_data=assertion.authenticator_data,
                        signature=assertion.signature,
                        user_handle=assertion.user_handle,
                    ),
                ),
                expected_challenge=challenge,
                expected_rp_id=self._rp_id,
                expected_origin=self._origins,
                credential_public_key=public_key,
                # With 0 it lets every count pass: the domain judges counts, once the signature says who counted.
                credential_current_sign_count=0,
                require_user_verification=True,
            )
            return PasskeyUse(
                sign_count=verified.new_sign_count,
                backup_eligible=verified.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
                backed_up=verified.credential_backed_up,
            )


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except Exception as error:  # a stranger's bytes: the library and its parsers raise what they stumble over
        log.warning("passkey_refused", kind=type(error).__name__, reason=str(error)[:_MOST_LOGGED])
        raise PasskeyRefused(str(error)) from error


def _require_own_page(client_data: bytes) -> None:
    """WebAuthn §7.1 step 10, §7.2 step 13: none of our pages is shown inside another's."""
    if parse_client_data_json(client_data).cross_origin:
        raise PasskeyRefused("It was made inside another page.")


def _require_plain_attestation(attestation: bytes) -> None:
    """Take what browsers send where no attestation was asked for: nothing, or a signature by the key itself.

    So the library's readers of certificates, TPM structures and signed answers of vendors never see a stranger's bytes.
    """
    read = parse_attestation_object(attestation)
    if read.fmt == AttestationFormat.PACKED and read.att_stmt.x5c is None:
        return
    if read.fmt != AttestationFormat.NONE:
        raise PasskeyRefused("An attestation came that was not asked for.")


def _require_usable_key(public_key: bytes) -> None:
    """Without an attestation nothing has used the key yet: it may lie off its curve, or be a monster."""
    if len(public_key) > _MOST_KEY_BYTES:
        raise PasskeyRefused("The public key is too long.")
    decoded_public_key_to_cryptography(decode_credential_public_key(public_key))


def _milliseconds(span: timedelta) -> int:
    return int(span.total_seconds() * 1000)
