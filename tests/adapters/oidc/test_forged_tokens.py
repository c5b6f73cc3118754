"""ID tokens that no honest provider makes, signed by keys of our own: each flaw alone is enough to be refused."""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from faded_skies.adapters.oidc.id_tokens import IdTokens
from faded_skies.adapters.oidc.keys import SigningKeys
from faded_skies.domains.identity.errors import ProviderRefused
from faded_skies.platform import clock

ISSUER, CLIENT, NONCE = "https://accounts.example", "the-shop", "n-0S6_WzA2Mj-a-nonce-of-43-characters-long"
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SHORT = rsa.generate_private_key(public_exponent=65537, key_size=1024)
CURVE = ec.generate_private_key(ec.SECP256R1())


def rsa_key(key: rsa.RSAPrivateKey) -> jwt.PyJWK:
    return jwt.PyJWK(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True))


def curve_key(key: ec.EllipticCurvePrivateKey) -> jwt.PyJWK:
    return jwt.PyJWK(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True))


class KnownKeys(SigningKeys):
    """The provider's keys, without a network."""

    def __init__(self) -> None:
        self.known = {"rsa": rsa_key(RSA), "short": rsa_key(SHORT), "curve": curve_key(CURVE)}

    async def find(self, kid: str) -> jwt.PyJWK:
        if kid not in self.known:
            raise ProviderRefused
        return self.known[kid]


TOKENS = IdTokens(KnownKeys(), issuers={ISSUER, "accounts.example"}, client_id=CLIENT)


def claims(**changes: object) -> dict[str, Any]:
    now = int(clock.now().timestamp())
    good = {"iss": ISSUER, "aud": CLIENT, "sub": "maya", "iat": now, "exp": now + 3600, "nonce": NONCE}
    return {name: value for name, value in {**good, **changes}.items() if value is not ...}


def signed(payload: Mapping[str, Any], *, kid: object = "rsa", key: Any = RSA, alg: str = "RS256") -> str:
    # Below the library's own care for claims: it would not write some of these.
    body = json.dumps(payload).encode()
    return jwt.PyJWS().encode(body, key, algorithm=alg, headers={} if kid is ... else {"kid": kid})


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"iss": "accounts.example"},
        {"aud": [CLIENT]},
        {"azp": CLIENT},
        {"sub": "s" * 255},
    ],
    ids=["plain", "the issuer's other name", "audience in a list", "authorized party", "long subject"],
)
async def test_a_sound_token_is_read(changes: dict[str, object]) -> None:
    payload = claims(**changes)
    assert await TOKENS.read(signed(payload), nonce=NONCE) == payload


@pytest.mark.parametrize(
    "changes",
    [
        *({name: ...} for name in ("iss", "aud", "sub", "iat", "exp", "nonce")),
        *({name: None} for name in ("iss", "aud", "sub", "iat", "exp", "nonce")),
        {"iss": f"{ISSUER}/"},
        {"iss": [ISSUER]},
        {"aud": "another-shop"},
        {"aud": [CLIENT, "another-shop"]},
        {"aud": []},
        {"aud": {CLIENT: True}},
        {"azp": "another-shop"},
        {"azp": None},
        {"sub": ""},
        {"sub": "s" * 256},
        {"sub": "a\x00b"},
        {"sub": 7},
        {"exp": 1},
        {"exp": "2999999999"},
        {"exp": True},
        {"exp": float("nan")},
        {"iat": 99_999_999_999},
        {"iat": "0"},
        {"nonce": ""},
        {"nonce": NONCE.swapcase()},
        {"nonce": [NONCE]},
        {"nonce": "né"},
    ],
    ids=lambda changes: "-".join(f"{name} {value}"[:30] for name, value in changes.items()),
)
async def test_one_wrong_claim_is_enough(changes: dict[str, object]) -> None:
    with pytest.raises(ProviderRefused):
        await TOKENS.read(signed(claims(**changes)), nonce=NONCE)


def _public_key_as_secret() -> str:
    """Sign by HMAC with what everybody knows (RFC 8725 §2.1)."""
    pem = RSA.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    head = part({"alg": "HS256", "kid": "rsa", "typ": "JWT"})
    message = f"{head}.{part(claims())}".encode()
    mac = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    signature = base64.urlsafe_b64encode(mac.sign(message, pem)).rstrip(b"=").decode()
    return f"{message.decode()}.{signature}"


FORGERIES: dict[str, Callable[[], str]] = {
    "not signed": lambda: f"{part({'alg': 'none', 'kid': 'rsa'})}.{part(claims())}.",
    "signed with the public key": _public_key_as_secret,
    "signed by another key": lambda: signed(
        claims(), key=rsa.generate_private_key(public_exponent=65537, key_size=2048)
    ),
    "signed by another kind of key": lambda: signed(claims(), kid="curve", key=CURVE, alg="ES256"),
    "signed by another hash": lambda: signed(claims(), alg="RS512"),
    "signed by a short key": lambda: signed(claims(), kid="short", key=SHORT),
    "without the key's name": lambda: signed(claims(), kid=...),
    "with an unknown key": lambda: signed(claims(), kid="of another house"),
    "with its own key": lambda: jwt.encode(
        claims(), CURVE, algorithm="ES256", headers={"kid": "rsa", "jwk": {"kty": "EC"}}
    ),
    "a list": lambda: f"{part({'alg': 'RS256', 'kid': 'rsa'})}.{part([1])}.AAAA",
    "too long": lambda: signed(claims(more="m" * 20_000)),
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
@pytest.mark.filterwarnings(
    "ignore:The RSA key:jwt.warnings.InsecureKeyLengthWarning"
)  # we sign with it, once
async def test_a_forgery_is_refused(forge: Callable[[], str]) -> None:
    token = forge()
    with pytest.raises(ProviderRefused):
        await TOKENS.read(token, nonce=NONCE)
