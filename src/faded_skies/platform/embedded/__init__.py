"""PostgreSQL and Valkey on this machine, started, watched and stopped by us."""

from faded_skies.platform.embedded.errors import EngineFailed
from faded_skies.platform.embedded.launcher import Engines, RunningEngines, start

__all__ = ["EngineFailed", "Engines", "RunningEngines", "start"]
