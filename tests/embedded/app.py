"""A process that uses the engines until its input ends; its first line says where they are."""

import json
import sys
from pathlib import Path

from faded_skies.platform.embedded import start

with start(Path(sys.argv[1])) as engines:
    sys.stdout.write(json.dumps([engines.database_url, engines.redis_url]) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
