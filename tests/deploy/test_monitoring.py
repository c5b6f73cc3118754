"""Prometheus' own tool on what deploy/monitoring has for it."""

import pytest

from checkers import ROOT, Check

FILES = ROOT / "deploy" / "monitoring"


@pytest.mark.parametrize(
    ("asked", "file"),
    [
        (("check", "rules"), "alerts.yml"),
        (("test", "rules"), "alerts.test.yml"),
        (("check", "config", "--syntax-only"), "prometheus.yml"),
    ],
)
def test_promtool_agrees(check: Check, asked: tuple[str, ...], file: str) -> None:
    check("promtool", *asked, FILES / file)
