"""The workflows against actionlint and their schema, and that nothing in them runs with more rights than it needs."""

import yaml

from checkers import ROOT, Check

FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def test_actionlint_and_schema(check: Check) -> None:
    assert [file.name for file in FILES] == ["ci.yml", "release.yml", "soak.yml"]
    check("actionlint", "-no-color", *FILES)
    check("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *FILES)


def test_nothing_is_pushed_before_the_long_tests_have_passed() -> None:
    read = {file.stem: yaml.safe_load(file.read_text()) for file in FILES}
    soak, release = read["soak"], read["release"]["jobs"]
    assert [step.get("run") for step in soak["jobs"]["soak"]["steps"]][-1] == "make soak"
    assert {"schedule", "workflow_call"} <= soak[True].keys()  # YAML reads `on` so
    assert release["soak"]["uses"] == "./.github/workflows/soak.yml"
    assert set(release["push"]["needs"]) == {"test", "soak"}


def test_rights() -> None:
    for file in FILES:
        workflow = yaml.safe_load(file.read_text())
        assert workflow["permissions"] == {"contents": "read"}, file.name
        for job in workflow["jobs"].values():
            assert "permissions" not in job
            for step in job.get("steps", []):
                if "checkout" in step.get("uses", ""):
                    assert step["with"] == {"persist-credentials": False}
                # What others can write (titles, names of branches) never becomes part of a script.
                assert "${{" not in step.get("run", "")
