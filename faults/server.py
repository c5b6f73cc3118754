"""One server of the shop, whose gateway breaks at chosen moments: `python -m faults.server`."""

import asyncio

from faded_skies import main
from faded_skies.platform.settings import read_settings
from faults.breaking import break_by_environment

if __name__ == "__main__":
    break_by_environment()
    asyncio.run(main.serve(read_settings()))
