"""The registrations at Google and Apple: whole or not at all, and reached over TLS."""

import base64
import secrets

import pytest
from pydantic import SecretStr, ValidationError

from factories.federated import registered
from faded_skies import bootstrap
from faded_skies.platform.errors import StartRefused
from faded_skies.platform.settings import Settings

GOOGLE = {"GOOGLE_CLIENT_ID": "a-client", "GOOGLE_CLIENT_SECRET": "a-secret"}
APPLE = {
    "APPLE_CLIENT_ID": "a.client",
    "APPLE_TEAM_ID": "TEAM123456",
    "APPLE_KEY_ID": "KEY1234567",
    "APPLE_PRIVATE_KEY": "a key",
}
HTTPS = {"API_URL": "https://api.shop.test"}


def read(given: dict[str, str]) -> Settings:
    needed = {
        "DATABASE_URL": "postgresql://localhost/x",
        "REDIS_URL": "redis://localhost",
        "JWT_SECRET": secrets.token_urlsafe(32),
        "VAULT_MASTER_KEYS": f"tests:{base64.b64encode(secrets.token_bytes(32)).decode()}",
    }
    return Settings.model_validate(needed | given)


def test_without_any_there_is_no_registration() -> None:
    settings = read({})
    assert (settings.google, settings.apple) == (None, None)


def test_whole_ones_are_taken() -> None:
    settings = read(GOOGLE | APPLE | HTTPS)
    assert settings.google is not None
    assert settings.apple is not None
    assert (settings.google.client_id, settings.google.secret.get_secret_value()) == ("a-client", "a-secret")
    assert (settings.apple.team_id, settings.apple.key_id) == ("TEAM123456", "KEY1234567")
    for secret in ("a-secret", "a key"):
        assert secret not in repr((settings, settings.google, settings.apple))


@pytest.mark.parametrize("left_out", [*GOOGLE, *APPLE])
def test_a_part_alone_is_refused_by_the_name_of_what_is_missing(left_out: str) -> None:
    given = GOOGLE | APPLE | HTTPS
    del given[left_out]
    with pytest.raises(ValidationError, match=f"also set {left_out}"):
        read(given)


@pytest.mark.parametrize(
    ("given", "good"),
    [
        (GOOGLE | {"NODE_ENV": "development"}, True),
        (GOOGLE | {"NODE_ENV": "production"}, False),
        (APPLE | {"NODE_ENV": "development"}, False),
        (APPLE | {"NODE_ENV": "production"}, False),
    ],
    ids=["google-development", "google-production", "apple-development", "apple-production"],
)
def test_over_plain_http_only_google_can_be_tried(given: dict[str, str], *, good: bool) -> None:
    if good:
        assert read(given).google is not None
        return
    with pytest.raises(ValidationError, match="needs an API_URL with https"):
        read(given)


async def test_what_is_no_key_of_apple_s_stops_the_start(settings: Settings) -> None:
    broken = registered(settings).model_copy(update={"apple_private_key": SecretStr("text")})
    with pytest.raises(StartRefused, match="APPLE_PRIVATE_KEY"):
        async with bootstrap.application(broken):
            pass
