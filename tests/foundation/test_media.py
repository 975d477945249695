"""Files in a bucket: stored, read, missed and deleted by signed requests, at a server addressed by path."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.files.base import ContentFile

from foundation.media import ObjectStorage
from tests.doubles import s3


@pytest.fixture
def bucket() -> Iterator[s3.Bucket]:
    with s3.serving(key="AKTEST") as served:
        yield served


def storage(bucket: s3.Bucket, *, key: str = "AKTEST") -> ObjectStorage:
    return ObjectStorage(bucket_name="shop", endpoint_url=bucket.url, region_name="eu-1", access_key=key, secret_key="quiet")


def test_a_file_is_kept_read_and_deleted(bucket: s3.Bucket) -> None:
    kept = storage(bucket)
    assert kept.save("products/1/a.large.webp", ContentFile(b"RIFF picture")) == "products/1/a.large.webp"
    assert bucket.objects == {"/shop/products/1/a.large.webp": b"RIFF picture"}
    with kept.open("products/1/a.large.webp") as file:
        assert file.read() == b"RIFF picture"
    kept.delete("products/1/a.large.webp")
    assert bucket.objects == {}


def test_a_missing_file_is_told_like_one_on_disk(bucket: s3.Bucket) -> None:
    with pytest.raises(FileNotFoundError):
        storage(bucket).open("products/1/gone.webp").read()


def test_a_wrong_key_stores_nothing_and_the_secret_is_in_no_error(bucket: s3.Bucket) -> None:
    with pytest.raises(Exception, match=r"403|SignatureDoesNotMatch|Forbidden") as refused:
        storage(bucket, key="OTHER").save("a.webp", ContentFile(b"x"))
    assert "quiet" not in str(refused.value)
    assert bucket.objects == {}
