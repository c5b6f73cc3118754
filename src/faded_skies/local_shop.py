"""The shop of `faded-skies up` as the other commands find it: its folder, its secrets, and its engines."""

import base64
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click


def data_folder() -> Path:
    """Return where this machine's shop keeps its files."""
    return Path(os.environ.get("FADED_SKIES_DATA", "var")).resolve()


def wanted_port() -> int:
    """Return PORT, 3000 without it. Raises click.ClickException when it is no port."""
    text = os.environ.get("PORT", "3000")
    if not text.isdigit() or not 1 <= int(text) <= 65535:  # noqa: PLR2004 - the range of TCP ports
        raise click.ClickException(f"PORT={text} is not a port. Give a whole number from 1 to 65535.")
    return int(text)


def running_port() -> int:
    """Return PORT, or else the port that the shop of this data folder was last started on."""
    note = data_folder() / "port"
    return int(note.read_text()) if "PORT" not in os.environ and note.exists() else wanted_port()


def own_secrets(data: Path) -> None:
    """Put the shop's own secrets into the environment where it has none; made at the first start, for our eyes only."""
    os.environ.setdefault("JWT_SECRET", _kept(data, "jwt", lambda: secrets.token_urlsafe(48)))
    os.environ.setdefault("VAULT_MASTER_KEYS", _kept(data, "vault", _master_key))


@contextmanager
def at_hand() -> Iterator[None]:
    """Let a command work on the shop of `faded-skies up`, where no other database is named and there is one.

    Its engines are joined when they run, and started for as long as the command needs them when they do not.
    """
    data = data_folder()
    if "DATABASE_URL" in os.environ or "DATABASE_URL_FILE" in os.environ or not (data / "secrets").is_dir():
        yield
        return
    from faded_skies.platform.embedded import start

    os.environ.setdefault("NODE_ENV", "development")
    own_secrets(data)
    with start(data, redis_url=os.environ.get("REDIS_URL")) as engines:
        os.environ["DATABASE_URL"], os.environ["REDIS_URL"] = engines.database_url, engines.redis_url
        yield


def _kept(data: Path, name: str, make: Callable[[], str]) -> str:
    path = data / "secrets" / name
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{os.getpid()}")
        fresh.touch(mode=0o600)
        fresh.write_text(make())
        fresh.replace(path)
    return path.read_text()


def _master_key() -> str:
    return f"demo:{base64.b64encode(secrets.token_bytes(32)).decode()}"
