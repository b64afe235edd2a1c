"""S3-compatible storage as an origin's site (MinIO's client, which speaks to all of them)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from packager.errors import PublishError
from packager.format.files import compare
from packager.publishing.sites import MAX_READ

if TYPE_CHECKING:
    from minio import Minio

ACCESS_KEY, SECRET_KEY = "SHUXIANG_S3_ACCESS_KEY", "SHUXIANG_S3_SECRET_KEY"
"""Names of the environment variables that hold the credentials: never an argument, which others may read."""
_PART = 64 << 20


class S3Site:
    """A bucket, or what stands below a prefix of one."""

    def __init__(self, client: Minio, bucket: str, prefix: str = "") -> None:
        """Name the place; `prefix` without a slash at its end."""
        self._client, self._bucket = client, bucket
        self._prefix = f"{prefix}/" if prefix else ""

    def names(self, prefix: str) -> Iterator[tuple[str, int]]:
        """See `Site.names`."""
        begins = f"{self._prefix}{prefix}/"
        try:
            for found in self._client.list_objects(self._bucket, begins, recursive=True):
                yield str(found.object_name).removeprefix(self._prefix), int(found.size or 0)
        except _faults() as error:
            raise PublishError(f"the storage does not answer: {error}") from error

    def read(self, name: str) -> bytes | None:
        """See `Site.read`."""
        try:
            with closing(self._client.get_object(self._bucket, self._prefix + name)) as answer:
                content: bytes = answer.read(MAX_READ + 1)
        except _faults() as error:
            if _is_missing(error):
                return None
            raise PublishError(f"the storage does not answer: {error}") from error
        if len(content) > MAX_READ:
            raise PublishError(f"{name} has more than {MAX_READ} bytes")
        return content

    def fetch(self, name: str, path: Path) -> bool:
        """See `Site.fetch`."""
        try:
            self._client.fget_object(self._bucket, self._prefix + name, str(path))
        except _faults() as error:
            if _is_missing(error):
                return False
            raise PublishError(f"the storage does not answer: {error}") from error
        return True

    def put(self, name: str, source: Path, size: int, sha256: str) -> None:
        """See `Site.put`; large files go in parts, and appear when the last one is there."""
        with source.open("rb") as file:
            compare(sha256, hashlib.file_digest(file, "sha256").hexdigest(), name)
        try:
            with source.open("rb") as file:
                self._client.put_object(self._bucket, self._prefix + name, file, size, part_size=_PART)
        except _faults() as error:
            raise PublishError(f"the storage does not take {name}: {error}") from error

    def write(self, name: str, content: bytes) -> None:
        """See `Site.write`."""
        try:
            self._client.put_object(self._bucket, self._prefix + name, BytesIO(content), len(content))
        except _faults() as error:
            raise PublishError(f"the storage does not take {name}: {error}") from error

    def remove(self, name: str) -> None:
        """See `Site.remove`."""
        try:
            self._client.remove_object(self._bucket, self._prefix + name)
        except _faults() as error:
            raise PublishError(f"the storage does not remove {name}: {error}") from error

    def settle(self) -> None:
        """See `Site.settle`: what S3 has said yes to is durable."""


def open_s3(address: str) -> S3Site:
    """The site of `s3+https://host[:port]/bucket[/prefix]` (or `s3+http://`), with credentials from the environment.

    Raises:
        PublishError: the address is malformed, credentials are missing, or the client is not installed.
    """
    try:
        from minio import Minio
    except ImportError as error:
        raise PublishError("the client of S3 storage (minio) is not installed") from error
    parts = urlsplit(address)
    bucket, _, prefix = parts.path.strip("/").partition("/")
    if parts.scheme not in {"s3+https", "s3+http"} or not parts.netloc or not bucket:
        raise PublishError(f"{address} is no address of storage: s3+https://host/bucket/prefix")
    keys = os.environ.get(ACCESS_KEY, ""), os.environ.get(SECRET_KEY, "")
    if not all(keys):
        raise PublishError(f"the credentials are missing: {ACCESS_KEY} and {SECRET_KEY}")
    client = Minio(parts.netloc, access_key=keys[0], secret_key=keys[1], secure=parts.scheme == "s3+https")
    return S3Site(client, bucket, prefix)


def _faults() -> tuple[type[Exception], ...]:
    from minio.error import MinioException
    from urllib3.exceptions import HTTPError

    return MinioException, HTTPError, OSError, ValueError


def _is_missing(error: Exception) -> bool:
    return getattr(error, "code", "") in {"NoSuchKey", "NoSuchBucket"}
