"""Settings are the environment's; a wrong one stops the start with a sentence that names it."""

from datetime import timedelta

import pytest

from faded_skies.platform.settings import Settings, SettingsError, read_settings

SECRET = "a-secret-for-tests-that-is-long-enough"
MASTER_KEY = "tests:dGhpcnR5LXR3byBieXRlcyBmb3IgdGVzdHMgYWxvbmU="
NEEDED = {
    "DATABASE_URL": "postgresql://shop",
    "REDIS_URL": "redis://shop",
    "JWT_SECRET": SECRET,
    "VAULT_MASTER_KEYS": MASTER_KEY,
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment with what is needed, and nothing else of ours."""
    for field in Settings.model_fields.values():
        monkeypatch.delenv(str(field.alias), raising=False)
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_what_is_needed_is_enough_and_keeps_its_secret() -> None:
    settings = read_settings()
    assert (settings.environment, settings.port, settings.demo) == ("production", 3000, False)
    assert settings.jwt_expires_in == timedelta(hours=24)
    assert (settings.rate_limit_window, settings.rate_limit_max) == (15, 100)
    assert SECRET not in repr(settings)
    assert MASTER_KEY.partition(":")[2] not in repr(settings)


@pytest.mark.parametrize("name", NEEDED)
def test_what_is_missing_is_named(environment: pytest.MonkeyPatch, name: str) -> None:
    environment.delenv(name)
    with pytest.raises(SettingsError, match=rf"(?m)^  {name}: Field required$"):
        read_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NODE_ENV", "prod"),
        ("PORT", "http"),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("DATABASE_POOL_SIZE", "1"),
        ("DATABASE_POOL_SIZE", "many"),
        ("JWT_SECRET", "short"),
        ("VAULT_MASTER_KEYS", "2026a"),
        ("VAULT_MASTER_KEYS", "2026a:dG9vIHNob3J0"),
        ("JWT_EXPIRES_IN", "a day"),
        ("JWT_EXPIRES_IN", "24"),
        ("REFRESH_EXPIRES_IN", "30 years"),
        ("RATE_LIMIT_WINDOW", "0"),
        ("RATE_LIMIT_WINDOW", "1.5"),
        ("RATE_LIMIT_MAX", "0"),
        ("RATE_LIMIT_AUTH_MAX", "none"),
        ("RATE_LIMIT_ORDER_MAX", "-1"),
        ("FADED_SKIES_DEMO", "perhaps"),
        ("LOG_LEVEL", "loud"),
    ],
)
def test_a_wrong_value_is_named_and_not_repeated(
    environment: pytest.MonkeyPatch, name: str, value: str
) -> None:
    environment.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        read_settings()
    lines = str(refused.value).splitlines()
    assert lines[0] == "These settings stop the start:"
    assert [line.split(":")[0].strip() for line in lines[1:]] == [name]
    if name == "JWT_SECRET":
        assert value not in str(refused.value).replace("characters", "")


def test_all_that_is_wrong_is_told_at_once(environment: pytest.MonkeyPatch) -> None:
    for name, value in {"PORT": "x", "JWT_SECRET": "x", "LOG_LEVEL": "x"}.items():
        environment.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        read_settings()
    assert [line.split(":")[0].strip() for line in str(refused.value).splitlines()[1:]] == [
        "PORT",
        "JWT_SECRET",
        "LOG_LEVEL",
    ]


def test_a_demo_is_never_production(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("FADED_SKIES_DEMO", "true")
    with pytest.raises(SettingsError, match="FADED_SKIES_DEMO prints passwords"):
        read_settings()
    environment.setenv("NODE_ENV", "development")
    assert read_settings().demo


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        (" 24 h ", timedelta(hours=24)),
        ("30d", timedelta(days=30)),
    ],
)
def test_spans_have_a_number_and_a_unit(environment: pytest.MonkeyPatch, text: str, span: timedelta) -> None:
    environment.setenv("JWT_EXPIRES_IN", text)
    assert read_settings().jwt_expires_in == span


def test_several_clients_are_separated_by_commas(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CLIENT_URL", "https://shop.example/, https://driver.example ,")
    assert read_settings().client_origins == ["https://shop.example", "https://driver.example"]
