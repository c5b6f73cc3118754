"""What a process and its children may take together, against the limit at which its container is killed."""

import asyncio
from typing import Any

import psutil
import pytest
import yaml
from PIL import Image

from checkers import ROOT
from factories.papers import saved
from faded_skies.adapters.documents.limits import MOST_MEMORY
from faded_skies.bootstrap import Application
from faded_skies.domains.catalog.ports import PictureMaker
from faded_skies.platform.documents.ports import DocumentReader
from faded_skies.registry import BODY_LIMITS

MIB = 1024 * 1024
UNITS = {"M": MIB, "G": 1024 * MIB, "Mi": MIB, "Gi": 1024 * MIB}  # compose means binary ones, too
ITSELF = 160 * MIB
"""A server with all adapters in use."""
BODIES = 6 * max(BODY_LIMITS.values())
"""platform/http/large.py lets so many be in memory."""
ANSWER = 32 * MIB
"""What a child may answer (adapters/documents/child.py)."""
PRINTED = 80 * MIB
"""A child that prints; six hundred lines were measured at 75 MiB."""


def size(text: str) -> int:
    number = text.rstrip("MGi")
    return int(number) * UNITS[text[len(number) :]]


def limits() -> dict[str, int]:
    compose: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())["services"]
    told = {
        name: size(compose[name]["deploy"]["resources"]["limits"]["memory"]) for name in ("app-1", "worker-1")
    }
    for name in ("server", "worker"):
        pod = yaml.safe_load((ROOT / "deploy" / "k8s" / "base" / f"{name}.yaml").read_text())["spec"][
            "template"
        ]
        told[name] = size(pod["spec"]["containers"][0]["resources"]["limits"]["memory"])
    return told


@pytest.mark.parametrize("where", ["app-1", "worker-1", "server", "worker"])
def test_a_hostile_file_cannot_have_the_container_killed(where: str) -> None:
    limit = limits()[where]
    assert limit >= ITSELF + BODIES + ANSWER + PRINTED + MOST_MEMORY


async def test_one_file_is_read_at_a_time_whatever_it_is(app: Application) -> None:
    photo = saved(Image.new("RGB", (1500, 1500)))
    mine, most = set(psutil.Process().children()), 0
    reading = asyncio.gather(
        *(app.ports.get(PictureMaker).make(photo) for _ in range(2)),
        *(app.ports.get(DocumentReader).read(photo) for _ in range(2)),
    )
    while not reading.done():
        most = max(most, len(set(psutil.Process().children()) - mine))
        await asyncio.wait([reading], timeout=0.01)
    assert len(await reading) == 4
    assert most == 1
