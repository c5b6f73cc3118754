"""The programs that the files in deploy/ are held against: how a test names one."""

from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]

Tool = Callable[[str], str]
"""Finds a program by its name."""

Check = Callable[..., str]
"""Runs a program with arguments in the project's folder; it must be content. Returns what it printed."""
