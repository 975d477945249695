"""Settings of the test suite: the real servers, cheap password hashes, no outgoing mail."""

from config.settings import *

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
ACCOUNT_RATE_LIMITS = False
PLATFORM_HOSTS = ["platform.test", "testserver", "127.0.0.1"]
TIME_ZONE = "UTC"
OUTBOX_HURRY = False
# Look static files up when asked for, instead of scanning them all for each test client (0.15 s).
WHITENOISE_AUTOREFRESH = True
