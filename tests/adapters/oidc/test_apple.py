"""What is particular at Apple. No peer checks its client secret, so it is read here as Apple says it reads it.

https://developer.apple.com/documentation/accountorganizationaldatasharing/creating-a-client-secret: ES256, `kid` the
key's id, `iss` the team, `sub` the client, `aud` Apple, `exp` at most six months away.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pydantic import SecretStr

from factories.federated import apple_client, apple_key, callback
from faded_skies.adapters.oidc.apple import ClientSecret, apple
from faded_skies.platform import clock
from faded_skies.platform.errors import StartRefused

SIX_MONTHS = 15_777_000  # Apple's own figure


def opened(secret: str) -> dict[str, Any]:
    """Check the secret with the public key, as Apple would, and return what it says."""
    key = serialization.load_pem_private_key(apple_key().encode(), password=None)
    return jwt.decode(secret, key.public_key(), algorithms=["ES256"], audience="https://appleid.apple.com")  # type: ignore[arg-type]  # an EC key


def test_the_client_secret_is_what_apple_asks_for() -> None:
    client = apple_client()
    secret = ClientSecret(client).current()
    head, said = jwt.get_unverified_header(secret), opened(secret)
    assert (head["alg"], head["kid"]) == ("ES256", client.key_id)
    assert (said["iss"], said["sub"], said["aud"]) == (
        client.team_id,
        client.client_id,
        "https://appleid.apple.com",
    )
    assert set(said) == {"iss", "sub", "aud", "iat", "exp"}
    assert 0 < said["exp"] - said["iat"] <= SIX_MONTHS


def test_a_client_secret_is_kept_for_a_while_and_never_handed_out_when_it_is_about_to_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secret = ClientSecret(apple_client())
    start = clock.now()
    first = secret.current()
    for minutes, same in ((10, True), (50, True), (56, False)):
        monkeypatch.setattr(clock, "now", lambda minutes=minutes: start + timedelta(minutes=minutes))
        assert (secret.current() == first) is same, minutes
        left = jwt.decode(secret.current(), options={"verify_signature": False})["exp"]
        assert left - clock.now().timestamp() >= 5 * 60 - 1


def test_a_key_on_one_line_is_the_same_key() -> None:
    one_line = SecretStr(apple_key().replace("\n", "\\n"))
    assert opened(ClientSecret(replace(apple_client(), private_key=one_line)).current())


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


@pytest.mark.parametrize(
    "text",
    [
        "text",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        _pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)),
        _pem(ec.generate_private_key(ec.SECP384R1())),
    ],
    ids=["text", "broken", "RSA", "another curve"],
)
def test_what_is_no_key_of_apple_s_stops_the_start_without_being_shown(text: str) -> None:
    with pytest.raises(StartRefused, match="APPLE_PRIVATE_KEY") as refused:
        ClientSecret(replace(apple_client(), private_key=SecretStr(text)))
    assert "BEGIN" not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    ("user", "name"),
    [
        ('{"name":{"firstName":"Nia","lastName":"Whitfield"},"email":"n@example.com"}', "Nia Whitfield"),
        ('{"name":{"firstName":" Nia "}}', "Nia"),
        ('{"name":{"firstName":"","lastName":"Whitfield"}}', "Whitfield"),
        ('{"name":{"firstName":null,"lastName":7}}', None),
        ('{"name":"Nia"}', None),
        ('{"email":"n@example.com"}', None),
        ("[]", None),
        ("{", None),
        ("", None),
        ('{"name":{"firstName":"' + "N" * 5000 + '"}}', None),
    ],
    ids=[
        "both",
        "first",
        "last",
        "wrong kinds",
        "no parts",
        "no name",
        "a list",
        "broken",
        "nothing",
        "too long",
    ],
)
def test_the_name_is_read_from_the_form_of_the_first_time(user: str, name: str | None) -> None:
    read = apple(apple_client(), redirect_uri=callback("apple")).full_name
    assert read({"name": "of a token"}, {"user": user}) == name


def test_apple_is_asked_to_answer_by_a_form() -> None:
    registration = apple(apple_client(), redirect_uri=callback("apple"))
    assert registration.parameters == {"response_mode": "form_post"}
    assert (registration.issuer, registration.scope) == ("https://appleid.apple.com", "name email")
