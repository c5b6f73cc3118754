"""Where in a file something stands, so that an error can name the line."""

import re
from collections.abc import Mapping, Sequence

Path = tuple[str | int, ...]

_TABLE = re.compile(r"^\s*(\[\[|\[)\s*([A-Za-z0-9_.\"-]+)\s*\]")
_KEY = re.compile(r"^\s*([A-Za-z0-9_-]+|\"[^\"]+\")\s*=")


def lines_of(text: str) -> Mapping[Path, int]:
    """Return the line of each table and key of a TOML text, counted from 1."""
    found: dict[Path, int] = {}
    counts: dict[str, int] = {}
    here: Path = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if table := _TABLE.match(line):
            name = table[2].replace('"', "")
            here = tuple(name.split("."))
            if table[1] == "[[":
                place = counts.get(name, 0)
                counts[name] = place + 1
                here = (*here, place)
            found[here] = number
        elif key := _KEY.match(line):
            found.setdefault((*here, key[1].strip('"')), number)
    return found


def line_of(found: Mapping[Path, int], path: Sequence[str | int]) -> int:
    """Return the line of the longest known beginning of a path; 1 when nothing of it is known."""
    whole = tuple(path)
    return next((found[whole[:n]] for n in range(len(whole), 0, -1) if whole[:n] in found), 1)
