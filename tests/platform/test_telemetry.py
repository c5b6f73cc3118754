"""Who hears how a process does: whom the settings name, and nobody else."""

import os
import subprocess
import sys

from faded_skies.platform.settings import Settings
from servers import SOURCE, environment_of

# A process of its own: what reports errors is one for the whole process.
_OPEN = """
import sys
from faded_skies.bootstrap.telemetry import open_telemetry
from faded_skies.platform import logging, tracing
from faded_skies.platform.settings import read_settings

def state():
    vendors = {"faded_skies.adapters.otel.traces", "sentry_sdk"} & set(sys.modules)
    return bool(logging._reports), tracing.active() is not None, sorted(vendors)

with open_telemetry(read_settings(), "serve"):
    print(*state())
print(*state()[:2])
"""


def opened(settings: Settings, **more: str) -> list[str]:
    environment = {"PATH": os.defpath, "PYTHONPATH": str(SOURCE), **environment_of(settings), **more}
    said = subprocess.run(
        [sys.executable, "-c", _OPEN],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    return said.stdout.splitlines()


def test_nobody_is_told_unless_the_settings_say_so(settings: Settings) -> None:
    assert opened(settings) == ["False False []", "False False"]


def test_whom_the_settings_name_hears_until_the_process_ends(settings: Settings) -> None:
    told = {
        "SENTRY_DSN": "http://key@127.0.0.1:1/7",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1",
    }
    assert opened(settings, **told) == [
        "True True ['faded_skies.adapters.otel.traces', 'sentry_sdk']",
        "False False",
    ]
