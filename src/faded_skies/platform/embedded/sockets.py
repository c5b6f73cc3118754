"""Where an engine's socket lies: in its closed data folder, or in a short one when that path does not do.

It may be too long for a socket, or hold what a driver takes for something else, as asyncpg does with a comma.
"""

import os
import re
import stat
from pathlib import Path

from faded_skies.platform.embedded.account import Account
from faded_skies.platform.embedded.errors import EngineFailed, NotReady

LONGEST = 100  # bytes of a socket's path; Linux allows 107, macOS 103
PLAIN = re.compile(r"[A-Za-z0-9/._ -]*")
SHORT = Path("/tmp")  # noqa: S108 - the one short folder everywhere; ours inside is checked to be closed


def socket_folder(place: Path, name: str) -> Path:
    """Raises NotReady while the data folder does not exist."""
    try:
        place = place.resolve(strict=True)
    except FileNotFoundError as error:
        raise NotReady(f"{place} does not exist yet") from error
    if len(os.fsencode(place / name)) <= LONGEST and PLAIN.fullmatch(str(place)):
        return place
    folder = place.stat()  # what names it stays the same when the data folder is moved
    return SHORT / f"faded-skies-{folder.st_uid}-{folder.st_dev:x}-{folder.st_ino:x}"


def make_socket_folder(place: Path, name: str, account: Account) -> None:
    """Make the short folder where one is needed; nobody else may enter it. Raises EngineFailed."""
    folder = socket_folder(place, name)
    if folder == place.resolve():
        return
    try:
        folder.mkdir(mode=0o700)
        os.chown(folder, account.uid, account.gid)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != account.uid or found.st_mode & 0o077:
            raise EngineFailed(
                f"{folder} is not ours, so no socket is put there. "
                "Remove it, or set FADED_SKIES_DATA to a folder with a shorter and plainer path."
            ) from None
