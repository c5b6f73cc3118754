"""The worker of the shop, whose gateway breaks at chosen moments: `python -m faults.worker`."""

import asyncio

from faded_skies import worker
from faded_skies.platform.settings import read_settings
from faults.breaking import break_by_environment

if __name__ == "__main__":
    break_by_environment()
    asyncio.run(worker.work(read_settings()))
