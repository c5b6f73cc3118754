"""How the command is called, and how it ends when it cannot begin."""

import pytest
from click.testing import CliRunner

from faded_skies.simulate.command import simulate
from servers import free_port


def test_help_teaches() -> None:
    result = CliRunner().invoke(simulate, ["--help"])
    assert result.exit_code == 0
    for words in ("--orders-per-minute", "for example", "exit status is 1"):
        assert words in result.output.lower()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--customers", "0"],
        ["--customers", "41"],
        ["--drivers", "9"],
        ["--minutes", "0"],
        ["--orders-per-minute", "-1"],
        ["--speed", "0"],
        ["--url", "localhost:3000"],
    ],
)
def test_what_makes_no_sense_is_usage(arguments: list[str]) -> None:
    assert CliRunner().invoke(simulate, arguments).exit_code == 2


def test_nobody_there_is_usage_and_says_what_to_do() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    result = CliRunner().invoke(simulate, ["--url", url, "--customers", "1", "--drivers", "1"])
    assert result.exit_code == 2
    assert f"Nothing answers at {url}" in result.output
    assert "faded-skies up" in result.output
