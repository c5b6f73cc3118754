"""Secrets from files: NAME_FILE instead of NAME, as Docker and Kubernetes hand them over.

Who else may read the file is the orchestrator's matter: both mount secrets readable by everybody in the container.
A file that others may change is refused.
"""

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

_MOST_BYTES = 64 * 1024


def read_secret_files(
    names: Iterable[str], environment: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return what the files hold, without the last line's end, and what is wrong, each by the variable's name.

    No problem quotes what a file holds.
    """
    values: dict[str, str] = {}
    problems: dict[str, str] = {}
    for name in names:
        place = environment.get(f"{name}_FILE")
        if place is None:
            continue
        if name in environment:
            problems[f"{name}_FILE"] = f"set either {name} or {name}_FILE, not both"
            continue
        try:
            values[name] = _read(Path(place))
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            problems[f"{name}_FILE"] = f"the file {place!r} cannot be used: {reason}"
    return values, problems


def _read(path: Path) -> str:
    """Raises OSError, or ValueError with what is wrong."""
    # Not blocking: a pipe that nobody writes to would hold up the start for ever.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - what was opened is what is looked at
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise ValueError("it is no regular file")
        if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise ValueError("other accounts may change it; take that away with chmod go-w")
        raw = file.read(_MOST_BYTES + 1)
    if len(raw) > _MOST_BYTES:
        raise ValueError(f"it is larger than {_MOST_BYTES // 1024} KiB")
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise ValueError("it is not text in UTF-8") from None
    if "\0" in text:
        raise ValueError("it holds NUL characters")
    text = text.rstrip("\r\n")
    if not text.strip():
        raise ValueError("it is empty")
    return text
