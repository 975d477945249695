"""Secrets and transport security: keys, hosts, cookies, headers."""

from __future__ import annotations

from config import env
from config.settings.core import PRODUCTION, VAR_DIR
from foundation.keyfile import read_or_make

# One master secret; foundation.vault derives every other key from it. In development it is made once in var/.
SECRET_KEY = env.secret("KEYOSK_SECRET_KEY", "") or (
    env.secret("KEYOSK_SECRET_KEY") if PRODUCTION else read_or_make(VAR_DIR / "secret.key")
)
# Older master secrets, newest first: still open what they sealed, never seal.
SECRET_KEY_FALLBACKS = env.names("KEYOSK_SECRET_KEY_FALLBACKS")

# Tenants bring their own hosts: accounts.middleware refuses unknown ones before anything else runs.
ALLOWED_HOSTS = ["*"]
HTTPS = env.flag("KEYOSK_HTTPS", default=PRODUCTION)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
# Feishu's sign-in does not look at the request: its callback address has this scheme.
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "django.contrib.auth.hashers.BCryptSHA256PasswordHasher",
    # Passwords of people who moved in from one-api; hashed anew at their next sign-in.
    "django.contrib.auth.hashers.BCryptPasswordHasher",
]
# The admin theme needs a looser Content-Security-Policy; nothing else does.
CSP_ADMIN_PATHS = ["/admin/", "/reseller/"]
