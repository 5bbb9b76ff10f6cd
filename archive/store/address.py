"""From the address of an object store, as settings and the outside contract write it, to the store.

`file:///srv/antin/objects` is a folder; `s3://bucket?endpoint=host:port` is a bucket. Options of
the latter: `secure=false` for plain HTTP on a trusted network, `region=`, `read_back=false`.
Credentials never stand in an address, because addresses end in logs.
"""

import re
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from archive.errors import StoreAddressError
from archive.store.base import ObjectStore
from archive.store.disk import DiskStore

_OPTIONS: Final = frozenset({"endpoint", "secure", "region", "read_back"})
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def open_store(
    address: str, *, access_key: str | None = None, secret_key: str | None = None
) -> ObjectStore:
    """Return the store at `address`.

    Raises:
        StoreAddressError: it is none.
        StoreUnavailableError: the store does not answer.

    """
    parts = urlsplit(address)
    if parts.scheme == "file" and parts.path and not parts.netloc:
        return DiskStore(Path(unquote(parts.path)))
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    where = options.get("endpoint", "")
    known = set(options) <= _OPTIONS and parts.username is None
    if parts.scheme != "s3" or not _BUCKET.fullmatch(parts.netloc) or not known or not where:
        raise StoreAddressError(parts.scheme + "://" + parts.netloc.rpartition("@")[2])
    endpoint = urlsplit(where if "//" in where else "//" + where)
    from archive.store.s3 import S3Store  # minio takes a quarter of a second to load

    secure = options.get("secure", "false" if endpoint.scheme == "http" else "true")
    try:
        store = S3Store(
            endpoint=endpoint.netloc,
            bucket=parts.netloc,
            access_key=access_key,
            secret_key=secret_key,
            secure=secure != "false",
            region=options.get("region"),
            read_back=options.get("read_back", "true") != "false",
        )
    except ValueError as exc:
        raise StoreAddressError(f"s3://{parts.netloc}?endpoint={endpoint.netloc}") from exc
    store.ensure_bucket()
    return store
