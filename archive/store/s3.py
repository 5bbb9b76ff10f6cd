"""An object store in an S3 bucket, through the `minio` client; any server.

1. Write-once is `stat`, then `put`, then reading back. `If-None-Match: *` would be one step, but
   servers ignore it silently on versioned buckets (Ceph 16 answers 200 and makes a new version),
   so it proves nothing. The race that is left is harmless: every key holds either its content's
   digest or a record's unguessable id, so two writers of one key write the same bytes.
2. A `put` that answers 200 is believed only after the object was read back and hashed
   (`read_back=False` trusts size, noted digest and ETag instead, for those who pay per request).
3. Every request has a time limit: a full Ceph store never answers a PUT at all.
4. The digest is noted as user metadata, so that `stat` can tell same from different without
   reading.
"""

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final, cast

import urllib3
from minio import Minio
from minio.commonconfig import ComposeSource, CopySource
from minio.datatypes import Object
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError

from archive.errors import (
    ImmutableObjectError,
    ObjectNotFoundError,
    ReadBackError,
    StoreFullError,
    StoreUnavailableError,
)
from archive.store.base import (
    CHUNK,
    StoredObject,
    checked_inventory,
    checked_key,
    checked_staged,
)

_NOTE: Final = "x-amz-meta-sha256"
_CONNECT_SECONDS: Final = 5.0
_READ_SECONDS: Final = 60.0
"""One part of 16 MiB at a slow 3 Mbit/s; far above what a healthy server needs."""
_PART: Final = 16 << 20
"""Bytes per multipart part. A PUT below it is one request, with the MD5 as its ETag."""
_COPY_LIMIT: Final = 5 << 30
"""Bytes that S3 copies in one request."""
_ABSENT: Final = frozenset({"NoSuchKey", "NoSuchVersion"})
_FULL: Final = frozenset({"QuotaExceeded", "XMinioStorageFull", "InsufficientStorage"})
_INSUFFICIENT_STORAGE: Final = 507


class S3Store:
    """`ObjectStore` in `bucket`, which exists."""

    def __init__(  # the connection is all there is to say; grouping it would only move the names
        self,
        *,
        endpoint: str,
        bucket: str,
        access_key: str | None,
        secret_key: str | None,
        secure: bool = True,
        region: str | None = None,
        read_back: bool = True,
        read_seconds: float = _READ_SECONDS,
    ) -> None:
        self._bucket = bucket
        self._read_back = read_back
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=read_seconds),
            maxsize=16,
            cert_reqs="CERT_REQUIRED",
            # Only what did not reach the server is tried again here; the rest is recovery's work.
            retries=urllib3.Retry(connect=2, read=0, status=0, other=0, backoff_factor=0.1),
        )
        self._client = Minio(
            endpoint,
            access_key=access_key,
            secret_key=secret_key,
            secure=secure,
            region=region or "us-east-1",  # named, or the client asks the server each time
            http_client=self._pool,
        )

    def ensure_bucket(self) -> None:
        """Make the bucket if it is not there."""
        with _s3_errors(self._bucket):
            if not self._client.bucket_exists(self._bucket):
                self._client.make_bucket(self._bucket)

    def put_once(self, key: str, source: Path | bytes, sha256: str) -> None:
        """See `ObjectStore.put_once`."""
        checked_key(key)
        found, md5, size = _measure(source)
        if found != sha256:
            raise ReadBackError(key, sha256, found)
        with _s3_errors(key):
            if self._exists_as(key, sha256):
                return
            self._put(key, source, size, sha256)
            self._check(key, sha256, md5, size)

    def promote(self, staged: str, key: str, sha256: str) -> None:
        """See `ObjectStore.promote`. The server copies; the copy is read back."""
        checked_staged(staged)
        checked_key(key)
        with _s3_errors(key):
            if self._exists_as(key, sha256):
                return
            with _s3_errors(staged):
                source = self._client.stat_object(self._bucket, staged)
            if (source.size or 0) > _COPY_LIMIT:
                self._client.compose_object(
                    self._bucket,
                    key,
                    [ComposeSource(self._bucket, staged)],
                    metadata={_NOTE: sha256},
                )
            else:
                self._client.copy_object(self._bucket, key, CopySource(self._bucket, staged))
            self._check(key, sha256, None, source.size or 0)

    def replace_inventory(self, key: str, data: bytes) -> None:
        """See `ObjectStore.replace_inventory`. An S3 PUT is whole or not at all."""
        checked_inventory(key)
        sha256, md5, size = _measure(data)
        with _s3_errors(key):
            self._put(key, data, size, sha256)
            self._check(key, sha256, md5, size)

    def open(self, key: str) -> BinaryIO:
        """See `ObjectStore.open`."""
        checked_key(key)
        with _s3_errors(key):
            response = self._client.get_object(self._bucket, key)
        return cast("BinaryIO", io.BufferedReader(_Body(response, key), CHUNK))

    def stat(self, key: str) -> StoredObject:
        """See `ObjectStore.stat`."""
        checked_key(key)
        with _s3_errors(key):
            return _described(self._client.stat_object(self._bucket, key))

    def iterate(self, prefix: str) -> Iterator[StoredObject]:
        """See `ObjectStore.iterate`."""
        with _s3_errors(prefix):
            for found in self._client.list_objects(self._bucket, prefix=prefix, recursive=True):
                yield _described(found)

    def delete_staged(self, key: str) -> None:
        """See `ObjectStore.delete_staged`."""
        with _s3_errors(key):
            self._client.remove_object(self._bucket, checked_staged(key))

    def close(self) -> None:
        """See `ObjectStore.close`."""
        self._pool.clear()

    def _put(self, key: str, source: Path | bytes, size: int, sha256: str) -> None:
        with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as stream:
            self._client.put_object(
                self._bucket,
                key,
                stream,
                size,
                part_size=_PART,
                num_parallel_uploads=1,
                metadata={_NOTE: sha256},
            )

    def _exists_as(self, key: str, sha256: str) -> bool:
        """Return whether `key` holds these bytes already; raise if it holds others."""
        try:
            found = self._client.stat_object(self._bucket, key)
        except S3Error as exc:
            if exc.code in _ABSENT:
                return False
            raise
        if _described(found).sha256 != sha256 or self._read_back:
            # The note may be missing or wrong; the bytes cannot be.
            actual = self._hash(key)
            if actual != sha256:
                raise ImmutableObjectError(key)
        return True

    def _check(self, key: str, sha256: str, md5: str | None, size: int) -> None:
        found = self._client.stat_object(self._bucket, key)
        note = _described(found).sha256
        if found.size != size or note != sha256:
            raise ReadBackError(key, f"{sha256}, {size} B", f"{note}, {found.size} B")
        etag = (found.etag or "").strip('"')
        if md5 is not None and size <= _PART and etag and "-" not in etag and etag != md5:
            raise ReadBackError(key, f"ETag {md5}", f"ETag {etag}")
        if self._read_back and (actual := self._hash(key)) != sha256:
            raise ReadBackError(key, sha256, actual)

    def _hash(self, key: str) -> str:
        digest = hashlib.sha256()
        with self.open(key) as stream:
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
        return digest.hexdigest()


class _Body(io.RawIOBase):
    """The body of an answer as a stream whose errors are ours."""

    def __init__(self, response: urllib3.BaseHTTPResponse, key: str) -> None:
        self._response = response
        self._key = key

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        with _s3_errors(self._key):
            data = self._response.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._response.close()
            self._response.release_conn()
        super().close()


def _measure(source: Path | bytes) -> tuple[str, str, int]:
    sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            sha256.update(chunk)
            md5.update(chunk)
            size += len(chunk)
    return sha256.hexdigest(), md5.hexdigest(), size


def _described(found: Object) -> StoredObject:
    note = found.metadata.get(_NOTE) if found.metadata else None
    return StoredObject(
        key=found.object_name or "",
        size=found.size or 0,
        modified=found.last_modified or datetime.fromtimestamp(0, UTC),
        sha256=note,
    )


@contextmanager
def _s3_errors(key: str) -> Iterator[None]:
    try:
        yield
    except S3Error as exc:
        if exc.code in _ABSENT:
            raise ObjectNotFoundError(key) from exc
        if exc.code in _FULL:
            raise StoreFullError(key) from exc
        raise StoreUnavailableError(key, exc.code or "S3") from exc
    except ServerError as exc:
        if exc.status_code == _INSUFFICIENT_STORAGE:
            raise StoreFullError(key) from exc
        raise StoreUnavailableError(key, f"HTTP {exc.status_code}") from exc
    except (InvalidResponseError, MinioException) as exc:
        raise StoreUnavailableError(key, type(exc).__name__) from exc
    except (urllib3.exceptions.HTTPError, OSError) as exc:
        raise StoreUnavailableError(key, type(exc).__name__) from exc
