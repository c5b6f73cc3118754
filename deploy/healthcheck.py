"""Whether the process in this container answers, for HEALTHCHECK: exit status 0 when it does.

The port is that of the server (PORT) unless another is given.
"""

import os
import sys
import urllib.request

port = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("PORT", "3000")
try:
    urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live", timeout=4).close()
except OSError as error:
    sys.exit(f"Nothing healthy answers on port {port}: {error}")
