"""The list of settings that operators copy says what the code reads: every variable, its default, and no secret."""

import re
from pathlib import Path

import pytest

from faded_skies.platform.settings import Settings, SettingsError, read_settings

EXAMPLE = Path(__file__).parents[2] / ".env.example"
LINE = re.compile(r"^(?P<default>#?)(?P<name>[A-Z][A-Z0-9_]*)=(?P<value>.*)$", re.MULTILINE)

ALIASES = {str(field.alias): field for field in Settings.model_fields.values()}
FILLED_IN = {
    "DATABASE_URL": "postgresql://shop@127.0.0.1/shop",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "JWT_SECRET": "qXf0cN7vYh2LkR9sWbZ4uJ6mTgP1dE8iAo3Q",
    "VAULT_MASTER_KEYS": "tests:9vJ3c1mZ0bq7Xy8kU2hWnR5tLsE4dGfAoPiQwVrBxCk=",
}


def lines() -> list[tuple[str, str, str]]:
    """Return (`#` or nothing, name, value) of each setting in the file."""
    return LINE.findall(EXAMPLE.read_text())


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ALIASES:
        monkeypatch.delenv(name, raising=False)


def test_every_setting_is_listed_once_and_nothing_else_is() -> None:
    assert sorted(name for _, name, _ in lines()) == sorted(ALIASES)


def test_lines_to_fill_in_are_the_required_settings_and_are_empty() -> None:
    required = {name for name, field in ALIASES.items() if field.is_required()}

    assert {name for default, name, _ in lines() if not default} == required
    assert required == set(FILLED_IN)
    assert [value for default, _, value in lines() if not default] == [""] * len(required)


def test_what_is_shown_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in FILLED_IN.items():
        monkeypatch.setenv(name, value)
    defaults = read_settings()
    for default, name, value in lines():
        if default and value:
            monkeypatch.setenv(name, value)

    assert read_settings() == defaults


def test_only_what_has_no_default_is_shown_without_a_value() -> None:
    blank = {name for default, name, value in lines() if default and not value}

    assert blank == {
        name for name, field in ALIASES.items() if not field.is_required() and field.default in (None, ())
    }


def test_a_copy_that_was_not_filled_in_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    for default, name, value in lines():
        if not default:
            monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError, match="JWT_SECRET: use at least 32 characters"):
        read_settings()


def test_every_setting_is_explained() -> None:
    above = dict(zip(EXAMPLE.read_text().splitlines()[1:], EXAMPLE.read_text().splitlines(), strict=False))

    for default, name, value in lines():
        assert above[f"{default}{name}={value}"].startswith("# "), name
