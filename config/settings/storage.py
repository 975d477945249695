"""Where data lives: PostgreSQL, Redis, cache, files. Without DATABASE_URL and REDIS_URL the embedded servers are used."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from config import env
from config.settings.core import VAR_DIR
from foundation import embedded

EMBEDDED_DATABASE = not env.secret("DATABASE_URL", "")
EMBEDDED_REDIS = not env.secret("REDIS_URL", "")
DATABASE_URL = env.secret("DATABASE_URL", "") or embedded.database_url(VAR_DIR)
REDIS_URL = env.secret("REDIS_URL", "") or embedded.redis_url(VAR_DIR)


def _database(url: str) -> dict[str, Any]:
    """Turn postgresql://user:password@host:port/name?host=/socket&sslmode=… into Django's dictionary."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise env.BadSetting("DATABASE_URL must start with postgresql://")
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", None) or parts.hostname or "",
        "PORT": str(parts.port or query.pop("port", "")),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": query,
    }


DATABASES = {"default": _database(DATABASE_URL)}
CACHES = {
    "default": {
        "BACKEND": "foundation.cache.SharedCache",
        "LOCATION": REDIS_URL,
        # A page waits so long for a Redis that says nothing, then goes on without.
        "OPTIONS": {"socket_timeout": 0.25, "socket_connect_timeout": 0.25},
    }
}

# Pictures of products and invoices: below var/, or in a bucket. Nobody but our own pages hands them out.
MEDIA_ROOT = VAR_DIR / "media"
_BUCKET = env.text("KEYOSK_S3_BUCKET", "")
_OBJECTS = {
    "bucket_name": _BUCKET,
    "endpoint_url": env.text("KEYOSK_S3_ENDPOINT", "") or None,
    "region_name": env.text("KEYOSK_S3_REGION", "") or None,
    # Without a pair of keys the machine's own role is asked.
    "access_key": env.secret("KEYOSK_S3_ACCESS_KEY", "") or None,
    "secret_key": env.secret("KEYOSK_S3_SECRET_KEY", "") or None,
}
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "foundation.media.ObjectStorage", "OPTIONS": _OBJECTS}
    if _BUCKET
    else {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "foundation.prefix.StaticStorage"},
}
