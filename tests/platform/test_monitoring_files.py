"""The dashboard and the alert rules name only figures that a process really gives."""

import json
import re
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).parents[2]
FILES = ROOT / "deploy" / "monitoring"
NAME = re.compile(r"\b(?:faded_skies|process|python)_[a-z0-9_]+\b")
HISTOGRAM = ("_bucket", "_count", "_sum")


def named(file: str) -> set[str]:
    text = (FILES / file).read_text()
    if file.endswith(".json"):
        told = json.loads(text)
        text = "\n".join(target["expr"] for one in told["panels"] for target in one.get("targets", ()))
    return set(NAME.findall(text))


@pytest.fixture
async def given(client: httpx.AsyncClient) -> set[str]:
    answer = await client.get("/metrics", headers={"Accept": "text/plain"})
    names = set[str]()
    for family in text_string_to_metric_families(answer.text):
        suffixes = {"histogram": HISTOGRAM, "counter": ("_total",)}.get(family.type, ("",))
        names |= {f"{family.name}{suffix}" for suffix in suffixes}
    return names


async def test_every_figure_that_is_looked_at_is_given_and_every_one_of_ours_is_looked_at(
    given: set[str],
) -> None:
    looked_at = {file: named(file) for file in ("alerts.yml", "alerts.test.yml", "dashboard.json")}
    for file, names in looked_at.items():
        assert names - given == set(), file
    families = {
        re.sub(r"(_bucket|_count|_sum|_total)$", "", name) for name in set().union(*looked_at.values())
    }
    ours = {
        re.sub(r"(_bucket|_count|_sum|_total)$", "", name) for name in given if name.startswith("faded_skies")
    }
    assert ours - families == {
        "faded_skies_build_info",
        "faded_skies_leaving",
        "faded_skies_uptime_seconds",
    }


def test_panels_have_ids_of_their_own_and_places_that_do_not_overlap() -> None:
    panels = json.loads((FILES / "dashboard.json").read_text())["panels"]
    assert len({one["id"] for one in panels}) == len(panels)
    taken = [
        (x, y)
        for one in panels
        for place in [one["gridPos"]]
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < 24


def test_every_alert_says_what_to_do() -> None:
    pages = re.findall(r"runbook: (\S+)", (FILES / "alerts.yml").read_text())
    assert len(pages) == (FILES / "alerts.yml").read_text().count("- alert:")
    for page in pages:
        path, _, anchor = page.partition("#")
        headings = re.findall(r"^#+ (.+)$", (ROOT / path).read_text(), re.MULTILINE)
        anchors = {re.sub(r"[^a-z0-9 -]", "", one.lower()).replace(" ", "-") for one in headings}
        assert not anchor or anchor in anchors, page
