"""Settings are the environment's; a wrong one stops the start with a sentence that names it."""

import base64
import hashlib
import os
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from faded_skies.platform.settings import SECRETS, Settings, SettingsError, read_settings
from faded_skies.platform.weak_secrets import weakness_of_keys, weakness_of_text

SECRET = "qXf0cN7vYh2LkR9sWbZ4uJ6mTgP1dE8iAo3Q"
MASTER_KEY = "tests:9vJ3c1mZ0bq7Xy8kU2hWnR5tLsE4dGfAoPiQwVrBxCk="
NEEDED = {
    "DATABASE_URL": "postgresql://shop",
    "REDIS_URL": "redis://shop",
    "JWT_SECRET": SECRET,
    "VAULT_MASTER_KEYS": MASTER_KEY,
}

SHAPED = {
    "AMQP_URL": "amqp://shop:secret@broker.shop.example",
    "BACKUP_KEYS": MASTER_KEY,
    "SENTRY_DSN": "https://key@sentry.shop.example/1",
}
"""Secrets that are not any words."""


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment with what is needed, and nothing else of ours."""
    for field in Settings.model_fields.values():
        monkeypatch.delenv(str(field.alias), raising=False)
        monkeypatch.delenv(f"{field.alias}_FILE", raising=False)
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
        ("RATE_LIMIT_CHAT_MAX", "0"),
        ("RATE_LIMIT_ANALYTICS_MAX", "49"),
        ("RATE_LIMIT_ANALYTICS_VISITORS_MAX", "49"),
        ("ANALYTICS_KEEP", "3y"),
        ("SUPPORT_CHATS_PER_AGENT", "101"),
        ("SUPPORT_REOPENS_FOR", "soon"),
        ("SUPPORT_REOPENS_FOR", "400d"),
        ("DRIVER_ANSWERS_WITHIN", "10s"),
        ("NO_SHOW_AFTER", "2h"),
        ("VEHICLE_MAX_ORDERS", "0"),
        ("DISPATCH_PLANS", "guess"),
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


def test_metrc_has_all_of_its_settings_or_none_and_is_asked_by_https(
    environment: pytest.MonkeyPatch,
) -> None:
    assert read_settings().metrc is None
    environment.setenv("NODE_ENV", "development")
    environment.setenv("METRC_API_BASE", "http://api-xx.metrc.example/")
    with pytest.raises(
        SettingsError, match="also set METRC_VENDOR_KEY, METRC_USER_KEY, METRC_LICENSE, or none"
    ):
        read_settings()
    for name in ("METRC_VENDOR_KEY", "METRC_USER_KEY", "METRC_LICENSE"):
        environment.setenv(name, "given")
    account = read_settings().metrc
    assert account is not None
    assert (account.api_base, "given" in repr(account.user_key)) == ("http://api-xx.metrc.example", False)
    environment.setenv("NODE_ENV", "production")
    with pytest.raises(SettingsError, match="METRC_API_BASE must be https"):
        read_settings()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"SMTP_USER": "shop"}, "SMTP_USER and SMTP_PASS belong together"),
        (
            {"GOOGLE_ANALYTICS_ID": "G-TEST1234"},
            "GOOGLE_ANALYTICS_ID and GOOGLE_ANALYTICS_API_SECRET belong together",
        ),
        ({"SMTP_USER": "shop", "SMTP_PASS": "secret"}, "SMTP_USER and SMTP_PASS need SMTP_HOST"),
        (
            {"SMTP_HOST": "127.0.0.1", "SMTP_TLS": "none", "SMTP_USER": "shop", "SMTP_PASS": "secret"},
            "would send SMTP_PASS for all to read",
        ),
        ({"SMTP_HOST": "mail.shop.example", "SMTP_TLS": "none"}, "is for a mail server on this machine"),
        ({"SMTP_HOST": "mail.shop.example", "SMTP_CA_FILE": "/nowhere"}, "SMTP_CA_FILE names no file"),
        ({"FROM_EMAIL": "Shop <a@shop.example>"}, "write one mail address"),
        ({"FROM_EMAIL": "a@shop.example\nBcc: b@shop.example"}, "write one mail address"),
        ({"FIREBASE_PROJECT_ID": "shop"}, "FIREBASE_PROJECT_ID needs FIREBASE_SERVICE_ACCOUNT"),
        ({"PROMOTIONS_A_MINUTE": "0"}, "PROMOTIONS_A_MINUTE"),
    ],
)
def test_mail_and_push_are_safe_or_stop_the_start(
    environment: pytest.MonkeyPatch, given: dict[str, str], sentence: str
) -> None:
    for name, value in given.items():
        environment.setenv(name, value)
    with pytest.raises(SettingsError, match=sentence):
        read_settings()


def test_a_mail_server_on_this_machine_needs_neither_tls_nor_sign_in(environment: pytest.MonkeyPatch) -> None:
    assert (read_settings().mail, read_settings().firebase) == (None, None)
    environment.setenv("SMTP_HOST", "127.0.0.1")
    environment.setenv("SMTP_TLS", "none")
    account = read_settings().mail
    assert account is not None
    assert (account.port, account.user) == (587, None)


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_may_stand_in_a_file(environment: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    alone = {
        "GOOGLE_CLIENT_SECRET": {"GOOGLE_CLIENT_ID": "shop", "API_URL": "https://api.shop.example"},
        "APPLE_PRIVATE_KEY": {
            "APPLE_CLIENT_ID": "shop",
            "APPLE_TEAM_ID": "team",
            "APPLE_KEY_ID": "key",
            "API_URL": "https://api.shop.example",
        },
        "SMTP_PASS": {"SMTP_HOST": "mail.shop.example", "SMTP_USER": "shop"},
        "STRIPE_SECRET_KEY": {"STRIPE_WEBHOOK_SECRET": "whsec_new"},
        "STRIPE_WEBHOOK_SECRET": {"STRIPE_SECRET_KEY": "sk_live_shop"},
        "GOOGLE_ANALYTICS_API_SECRET": {"GOOGLE_ANALYTICS_ID": "G-TEST1234"},
    }
    metrc = {
        "METRC_API_BASE": "https://api-xx.metrc.example",
        "METRC_VENDOR_KEY": "vendor",
        "METRC_USER_KEY": "user",
        "METRC_LICENSE": "C10-1",
    }
    for other, value in (metrc if name in metrc else alone.get(name, {})).items():
        environment.setenv(other, value)
    value = NEEDED.get(name) or SHAPED.get(name, SECRET)
    (tmp_path / "secret").write_text(f"{value}\n")
    environment.delenv(name, raising=False)
    environment.setenv(f"{name}_FILE", str(tmp_path / "secret"))
    settings = read_settings()
    (field,) = [field for field, told in Settings.model_fields.items() if told.alias == name]
    held = getattr(settings, field)
    assert (held.get_secret_value() if isinstance(held, SecretStr) else held) == value


def test_what_may_stand_in_files_is_every_secret() -> None:
    assert {"DATABASE_URL", "REDIS_URL", "JWT_SECRET", "VAULT_MASTER_KEYS", "AWS_SECRET_ACCESS_KEY"} <= set(
        SECRETS
    )
    for field in Settings.model_fields.values():
        assert ("SecretStr" in str(field.annotation)) <= (field.alias in SECRETS), field.alias
    assert "PORT" not in SECRETS


def test_a_variable_and_its_file_are_one_too_many(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET)
    environment.setenv("JWT_SECRET_FILE", str(tmp_path / "secret"))
    with pytest.raises(SettingsError) as refused:
        read_settings()
    assert str(refused.value).splitlines()[1:] == [
        "  JWT_SECRET_FILE: set either JWT_SECRET or JWT_SECRET_FILE, not both"
    ]


@pytest.mark.parametrize(
    ("content", "mode", "sentence"),
    [
        (b"", 0o600, "it is empty"),
        (b" \n\n", 0o600, "it is empty"),
        (b"\xff" * 40, 0o600, "it is not text in UTF-8"),
        (b"x" * 40 + b"\0", 0o600, "it holds NUL characters"),
        (b"x" * 65_537, 0o600, "it is larger than 64 KiB"),
        (SECRET.encode(), 0o602, "other accounts may change it; take that away with chmod go-w"),
        (SECRET.encode(), 0o620, "other accounts may change it; take that away with chmod go-w"),
    ],
    ids=["empty", "blank", "binary", "NUL", "large", "writable", "group writable"],
)
def test_a_file_that_cannot_be_meant_is_refused(
    environment: pytest.MonkeyPatch, tmp_path: Path, content: bytes, mode: int, sentence: str
) -> None:
    path = tmp_path / "secret"
    path.write_bytes(content)
    path.chmod(mode)
    environment.delenv("JWT_SECRET")
    environment.setenv("JWT_SECRET_FILE", str(path))
    with pytest.raises(SettingsError) as refused:
        read_settings()
    assert str(refused.value).splitlines()[1:] == [
        f"  JWT_SECRET_FILE: the file {str(path)!r} cannot be used: {sentence}"
    ]


def test_a_file_that_is_not_there_or_none_is_refused(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.delenv("JWT_SECRET")
    os.mkfifo(tmp_path / "pipe")
    for path, sentence in (
        (tmp_path / "nothing", "No such file or directory"),
        (tmp_path, "Is a directory"),
        (tmp_path / "pipe", "it is no regular file"),
    ):
        environment.setenv("JWT_SECRET_FILE", str(path))
        with pytest.raises(SettingsError, match=sentence):
            read_settings()


def test_a_file_that_everybody_may_read_is_what_orchestrators_mount(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "secret"
    path.write_text(SECRET)
    path.chmod(0o444)
    environment.delenv("JWT_SECRET")
    environment.setenv("JWT_SECRET_FILE", str(path))
    assert read_settings().jwt_secret.get_secret_value() == SECRET


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("JWT_SECRET", "a" * 40),
        ("JWT_SECRET", "0123" * 12),
        ("JWT_SECRET", "a-secret-for-tests-that-is-long-enough"),
        ("JWT_SECRET", "your-super-long-jwt-key-goes-right-here"),
        ("JWT_SECRET", "thirty-two characters or more are enough"),
        ("JWT_SECRET", "CHANGE-ME-CHANGE-ME-CHANGE-ME-CHANGE-ME"),
        ("SANDBOX_WEBHOOK_SECRET", "whsec_example_0123456789"),
        ("VAULT_MASTER_KEYS", "2026a:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        ("VAULT_MASTER_KEYS", "tests:dGhpcnR5LXR3byBieXRlcyBmb3IgdGVzdHMgYWxvbmU="),
    ],
)
def test_production_refuses_what_could_be_guessed(
    environment: pytest.MonkeyPatch, name: str, value: str
) -> None:
    environment.setenv(name, value)
    with pytest.raises(SettingsError, match=f"{name} could be guessed") as refused:
        read_settings()
    assert value not in str(refused.value)
    environment.setenv("NODE_ENV", "development")
    read_settings()


@given(st.binary(min_size=32, max_size=32))
def test_what_is_drawn_by_chance_is_strong(key: bytes) -> None:
    drawn = hashlib.sha256(key).digest()
    encoded = base64.b64encode(drawn).decode()
    assert weakness_of_text(drawn.hex()) is None
    assert weakness_of_keys(f"2026a:{encoded}") is None


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "https://*.shop.example",
        "null",
        "shop.example",
        "https://shop.example/path",
        "https://shop.example?x",
        "https://user@shop.example",
        "https://Shop.example",
        "ftp://shop.example",
        "https://shop.example https://evil.example",
        "https://",
        "https://shop..example",
    ],
)
def test_what_is_no_origin_stops_the_start(environment: pytest.MonkeyPatch, origin: str) -> None:
    for place in ("production", "development"):
        environment.setenv("NODE_ENV", place)
        environment.setenv("CLIENT_URL", f"https://shop.example,{origin}")
        with pytest.raises(SettingsError, match=r"CLIENT_URL: .* is no origin"):
            read_settings()


def test_origins_of_all_kinds_are_taken(environment: pytest.MonkeyPatch) -> None:
    origins = ["https://shop.example", "http://localhost:5173", "http://127.0.0.1:3000", "http://[::1]:80"]
    environment.setenv("CLIENT_URL", ", ".join(origins))
    assert read_settings().client_origins == origins
