"""Files on S3 or a server that speaks its protocol: the one door to it, with deadlines."""

from __future__ import annotations

from typing import Any

from botocore.config import Config
from storages.backends.s3 import S3Storage

_CONNECT_SECONDS, _READ_SECONDS = 5, 20


class ObjectStorage(S3Storage):
    """A bucket; servers other than Amazon's are addressed by path, and none is waited for without end."""

    def __init__(self, **settings: Any) -> None:
        addressing = "path" if settings.get("endpoint_url") else "auto"
        config = Config(
            connect_timeout=_CONNECT_SECONDS, read_timeout=_READ_SECONDS, retries={"max_attempts": 2},
            s3={"addressing_style": addressing}, signature_version="s3v4",
            # Checksums in trailers are Amazon's own: other servers store them as part of the file.
            request_checksum_calculation="when_required", response_checksum_validation="when_required",
        )  # fmt: skip
        super().__init__(**settings, client_config=config)
