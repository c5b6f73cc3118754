"""The Dockerfile against hadolint, and what the image must be. Its steps run in tests/image/test_image.py (soak)."""

import json
import re

from checkers import ROOT, Check

FILE = ROOT / "deploy" / "Dockerfile"


def test_hadolint(check: Check) -> None:
    check("hadolint", "--no-color", FILE)


def test_what_the_image_is() -> None:
    text = FILE.read_text()
    last = text[text.rindex("\nFROM ") :]
    assert re.search(r"^USER 10001:10001$", last, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK ", last, re.MULTILINE)
    assert "pip" not in last
    assert "--require-hashes" in text
    # The commands are lists: SIGTERM reaches the process itself.
    for instruction in ("ENTRYPOINT", "CMD"):
        found = re.findall(rf"^{instruction} (\[.*\])$", last, re.MULTILINE)
        assert len(found) == 1
        assert json.loads(found[0])


def test_nothing_but_what_is_copied_goes_to_the_builder() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignored
    allowed = {line[1:] for line in ignored if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", FILE.read_text(), re.MULTILINE)
    assert allowed == {source for line in copied for source in line.split()}
    assert all((ROOT / path).exists() for path in allowed)
