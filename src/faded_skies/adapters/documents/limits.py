"""What a child that reads hostile files may use. Called by the child itself before it reads a byte."""

import resource

MOST_MEMORY = 512 * 1024 * 1024
"""Bytes of address space; the most that an allowed picture takes was measured at 302 MiB (docs/adr/0012)."""
MOST_SECONDS = 20
_MOST_FILES = 64


def apply() -> None:
    """Bound memory and processor time; forbid files, core dumps and further processes.

    Root may start processes all the same: the kernel does not count its own.
    """
    for what, most in (
        (resource.RLIMIT_AS, MOST_MEMORY),
        (resource.RLIMIT_CPU, MOST_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),  # a core dump would put the paper on the disk
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, _MOST_FILES),
    ):
        resource.setrlimit(what, (most, most))
