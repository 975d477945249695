"""Ask this container's relay whether it serves: the image has no curl."""

import os
import sys
import urllib.request

try:
    urllib.request.urlopen(f"http://127.0.0.1:{os.environ.get('PORT', '8000')}/healthz", timeout=4).close()
except OSError as error:
    sys.exit(str(error))
