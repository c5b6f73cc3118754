"""What this process opens for writing, by the interpreter's own audit events (PEP 578).

They tell of Python's own calls; what a library opens from C or Rust is not seen.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_lists: list[list[str]] = []
_hooked: list[bool] = []


@contextmanager
def opened_for_writing() -> Iterator[list[str]]:
    """Collect the paths that are opened for writing meanwhile, also of files that have no name."""
    if not _hooked:  # an audit hook cannot be taken off again
        sys.addaudithook(_watch)
        _hooked.append(True)
    seen: list[str] = []
    _lists.append(seen)
    try:
        yield seen
    finally:
        _lists.remove(seen)


def _watch(event: str, values: tuple[Any, ...]) -> None:
    if not _lists or event not in {"open", "tempfile.mkstemp", "tempfile.mkdtemp"}:
        return
    flags = values[2] if event == "open" else os.O_WRONLY
    if isinstance(values[0], int):
        return  # a pipe, or a file whose opening was told before
    if isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR):
        for seen in _lists:
            seen.append(str(values[0]))
