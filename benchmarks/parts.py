"""The page of results, put together from parts: each is measured by itself, and kept with its date and the load.

So a run that was interrupted goes on where it was: `make bench ARGS="--resume"`.
"""

import importlib.metadata
import json
import os
import platform
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")
BY_HAND = "## Where the time goes"
FRESH = timedelta(hours=12)

# A block of the hand-written text: <!-- until sockets is measured --> … <!-- end -->
_UNTIL = re.compile(r"<!-- until (?P<part>\w+) is measured -->\n.*?<!-- end -->\n*", re.DOTALL)

_FOLDER = Path(__file__).with_name("parts")
_VERSIONS = ("fastapi", "starlette", "uvicorn", "uvloop", "asyncpg", "redis", "pydantic", "orjson")


@dataclass(frozen=True)
class Part:
    """A part of the page as it was measured: its text, when, and the load average before and after."""

    text: str
    measured_at: str
    load_before: float
    load_after: float


class Keeper:
    """Takes the text of the part that is being measured."""

    text = ""


@contextmanager
def measuring(name: str) -> Iterator[Keeper]:
    """Keep what the block measures as the part of this name."""
    keeper, before = Keeper(), os.getloadavg()[0]
    yield keeper
    part = Part(keeper.text, datetime.now(UTC).isoformat(timespec="minutes"), before, os.getloadavg()[0])
    _FOLDER.mkdir(exist_ok=True)
    aside = _FOLDER / f"{name}.partial"
    aside.write_text(json.dumps(asdict(part), indent=1, ensure_ascii=False) + "\n")
    aside.rename(_FOLDER / f"{name}.json")


def is_fresh(name: str) -> bool:
    """Tell whether this part was measured within the last half day."""
    part = _find(name)
    return part is not None and datetime.now(UTC) - datetime.fromisoformat(part.measured_at) < FRESH


def assemble(names: list[str]) -> None:
    """Write RESULTS.md from the parts that there are, and name the others.

    What people wrote from `BY_HAND` on stays, except what stood there only until a part is measured.
    """
    before = RESULTS.read_text() if RESULTS.exists() else ""
    _, heading, by_hand = before.partition(BY_HAND)
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _VERSIONS)
    by_name = {name: part for name in names if (part := _find(name)) is not None}
    by_hand = _UNTIL.sub(lambda block: "" if block["part"] in by_name else block[0], by_hand)
    missing = [name for name in names if name not in by_name]
    note = f"\nNot measured: {', '.join(missing)}.\n" if missing else ""
    body = "\n\n".join(
        f"{part.text.strip()}\n\n*{datetime.fromisoformat(part.measured_at):%d %B %Y, %H:%M} UTC; load average "
        f"{part.load_before:.1f} before, {part.load_after:.1f} after.*"
        for part in by_name.values()
    )
    RESULTS.write_text(f"""# What a request costs

Measured by `make bench` on {machine()}.
{platform.python_implementation()} {platform.python_version()}; {versions}.
Each part was measured by itself: its day, and how busy the machine was (cores: {os.cpu_count()}), stand below it.
{note}
{body}

{heading or BY_HAND}{by_hand}""")


def machine() -> str:
    """Return in words what is measured on."""
    cpuinfo = Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*: (.*)", cpuinfo)
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    kind = "a virtual machine" if " hypervisor" in cpuinfo else "a machine"
    name = model[1] if model else platform.machine()
    return f"{kind} with {os.cpu_count()} cores ({name}), {gib:.0f} GiB, {platform.system()} {platform.release()}"


def _find(name: str) -> Part | None:
    path = _FOLDER / f"{name}.json"
    return Part(**json.loads(path.read_text())) if path.exists() else None
