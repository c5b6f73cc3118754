"""Run a program that knows nothing of our lifeline, so that it ends with whoever started us.

`leash.py PROGRAM …`: this process becomes the program. A child that stays behind waits for the end of the lifeline, and
then ends the program; it goes with the program, too, whose end it sees by a pipe that only the program holds open.
"""

import os
import select
import signal
import sys

from faded_skies.platform.embedded import lifeline


def run(argv: list[str]) -> None:
    """Become the program."""
    line = int(os.environ.pop(lifeline.VARIABLE))
    its_life, held_by_it = os.pipe()
    program = os.getpid()
    if os.fork() == 0:
        os.close(held_by_it)
        os.setsid()
        _end_with(line, its_life, program)
    os.close(its_life)
    os.close(line)
    os.set_inheritable(held_by_it, True)
    os.execv(argv[0], argv)  # noqa: S606 - whoever starts us names it


def _end_with(line: int, its_life: int, program: int) -> None:
    """Wait for either end, as a child that has nothing else to do."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    ended, _, _ = select.select([line, its_life], [], [])
    if its_life not in ended:
        os.kill(program, signal.SIGTERM)
    os._exit(0)


if __name__ == "__main__":
    run(sys.argv[1:])
