"""The pages' door: Django under WSGI (granian)."""

import os

from django.core.wsgi import get_wsgi_application

from foundation.prefix import prefixed

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = prefixed(get_wsgi_application())
