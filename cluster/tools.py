"""Programs that `scripts/bootstrap.sh tools` brings into .tools, or else those of the machine."""

import shutil
from pathlib import Path

_TOOLS = Path(__file__).resolve().parents[1] / ".tools"
_PLACES = (_TOOLS / "checks" / "bin", _TOOLS / "debian" / "usr" / "sbin", _TOOLS / "debian" / "usr" / "bin")


class ToolMissing(Exception):
    """A program is neither in .tools nor on PATH; the text says what to do."""


def find_tool(name: str) -> str:
    """Return the path of a program. Raises ToolMissing."""
    for place in _PLACES:
        if (place / name).exists():
            return str(place / name)
    found = shutil.which(name)
    if found is None:
        raise ToolMissing(f"{name} is missing: run sh scripts/bootstrap.sh tools, or install {name}")
    return found
