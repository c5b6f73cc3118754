"""The environment, and the files it names, read into settings."""

import os

from pydantic import SecretStr, ValidationError

from faded_skies.platform.errors import StartRefused
from faded_skies.platform.secret_files import read_secret_files
from faded_skies.platform.settings.whole import Settings


class SettingsError(StartRefused):
    """A setting is missing or wrong; the text names the variable and what it wants."""


def _is_secret(name: str, annotation: object) -> bool:
    return annotation in (SecretStr, SecretStr | None) or name in {"database_url", "redis_url"}


SECRETS = tuple(
    str(field.alias) for name, field in Settings.model_fields.items() if _is_secret(name, field.annotation)
)
"""What may also stand in a file that NAME_FILE names: secrets, and addresses that hold passwords."""


def read_settings() -> Settings:
    """Read the environment, and the files it names. Raises SettingsError with a line for each wrong variable."""
    from_files, problems = read_secret_files(SECRETS, os.environ)
    lines = [f"{name}: {problem}" for name, problem in problems.items()]
    try:
        settings = Settings(**from_files)  # type: ignore[arg-type]  # texts, which the fields read
    except ValidationError as error:
        lines += [
            f"{'.'.join(str(part) for part in problem['loc']) or 'settings'}: "
            f"{problem['msg'].removeprefix('Value error, ')}"
            for problem in error.errors(include_input=False, include_url=False)
            if f"{problem['loc'][0] if problem['loc'] else ''}_FILE" not in problems
        ]
    else:
        if not lines:
            return settings
    raise SettingsError("These settings stop the start:\n  " + "\n  ".join(lines))


def read_database_url() -> str | None:
    """Return DATABASE_URL, or what DATABASE_URL_FILE holds, for commands that need nothing else.

    Raises SettingsError.
    """
    values, problems = read_secret_files(["DATABASE_URL"], os.environ)
    for name, problem in problems.items():
        raise SettingsError(f"{name}: {problem}")
    return values.get("DATABASE_URL") or os.environ.get("DATABASE_URL")
