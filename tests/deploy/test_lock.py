"""The lock against what its packages ask for: the image installs it with pip, without resolving anything again."""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import metadata

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from checkers import ROOT

Environment = dict[str, str]


def environment_of(release: str) -> Environment:
    """Return what markers read on that release of Python, on Linux."""
    minor = ".".join(release.split(".")[:2])
    given = {name: str(value) for name, value in default_environment().items()}
    return {**given, "python_version": minor, "python_full_version": release, "sys_platform": "linux"}


def holds(requirement: Requirement, environment: Environment, extra: str = "") -> bool:
    return requirement.marker is None or requirement.marker.evaluate({**environment, "extra": extra})


def locked(environment: Environment) -> dict[str, str]:
    """Return the packages that the lock installs there, with their versions. Each may be there once."""
    lines = re.findall(r"^[a-z0-9].*?(?= \\$)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    there = [one for one in map(Requirement, lines) if holds(one, environment)]
    versions: dict[str, str] = {
        canonicalize_name(one.name): str(one.specifier).removeprefix("==") for one in there
    }
    assert len(versions) == len(there)
    return versions


@cache
def requirements(package: str) -> list[Requirement]:
    try:
        return [Requirement(one) for one in metadata.requires(package) or []]
    except metadata.PackageNotFoundError:
        return []  # of other releases of Python than this one only


def asked(requirement: Requirement, environment: Environment) -> Iterator[Requirement]:
    """Give what a package asks for there, by its own word: with the extras that were asked of it."""
    for one in requirements(requirement.name):
        if any(holds(one, environment, extra) for extra in ["", *requirement.extras]):
            yield one


@pytest.mark.parametrize("release", ["3.11.0", "3.11.2", "3.11.3", "3.14.0"])
def test_the_lock_has_all_that_its_packages_need_on_each_release_of_python(release: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    environment = environment_of(release)
    versions = locked(environment)
    overrides = {
        canonicalize_name(one.name): one
        for one in map(Requirement, project["tool"]["uv"]["override-dependencies"])
    }
    waiting = [Requirement(one) for one in project["project"]["dependencies"]]
    seen: set[str] = set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        wanted = overrides.get(name, requirement)
        if str(wanted) in seen or not holds(wanted, environment):
            continue
        seen.add(str(wanted))
        assert name in versions, f"Python {release} lacks {wanted}"
        assert wanted.specifier.contains(versions[name], prereleases=True), wanted
        waiting += asked(wanted, environment)
