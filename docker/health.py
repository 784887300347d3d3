"""Docker's health check: is the service of use? One whose device has failed is ended, so that it is started anew.

A failed device stays failed for its process, and Docker replaces what has ended, never what is merely unhealthy.
A service that is only slow to answer is left alone.
"""

import os
import signal
import sys
from http import HTTPStatus
from urllib.error import HTTPError
from urllib.request import urlopen

PORT = os.environ.get("JPPNET_PORT", "")
# As the service reads it: what Kubernetes puts there for a Service called “jppnet” is no port.
LIVEZ = f"http://127.0.0.1:{PORT if PORT.isdecimal() else 8000}/livez"

try:
    urlopen(LIVEZ, timeout=4)
except HTTPError as error:
    if error.code == HTTPStatus.SERVICE_UNAVAILABLE:
        os.kill(1, signal.SIGTERM)
    sys.exit(f"{LIVEZ} answers {error.code}")
except OSError as error:
    sys.exit(f"{LIVEZ} does not answer: {error}")
