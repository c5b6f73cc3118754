"""End this process when the supervisor that started it is gone, however it went."""

import os
import signal
import threading
import time

VARIABLE = "FADED_SKIES_LIFELINE"
"""Names the descriptor of a pipe whose other end only the supervisor holds."""

GRACE = 10.0  # seconds


def watch() -> None:
    """Watch the supervisor, when there is one, from a thread. Called once, as a process starts.

    When it is gone, this process gets SIGTERM, and after the grace it ends in any case.
    """
    descriptor = os.environ.pop(VARIABLE, None)
    if descriptor is None:
        return
    line = int(descriptor)
    os.set_inheritable(line, False)
    threading.Thread(target=_end_after, args=(line,), name="lifeline", daemon=True).start()


def _end_after(line: int) -> None:
    while os.read(line, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os._exit(1)
