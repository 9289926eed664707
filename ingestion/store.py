"""A place for immutable objects: a folder or an S3 bucket, behind the same four methods."""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, unquote, urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from ingestion.errors import LakeError


class StoreError(LakeError):
    """An object could not be put, got or listed; trying again later may work."""

    exit_code = 4


class NoSuchObjectError(StoreError):
    """There is no object of that key."""


class Store(Protocol):
    """Objects by key. A put replaces the whole object or nothing; keys are `/`-separated."""

    def put(self, key: str, data: bytes) -> None:
        """Store the object, replacing one of the same key; raises `StoreError`."""

    def get(self, key: str) -> bytes:
        """The whole object; raises `NoSuchObjectError`."""

    def keys(self, prefix: str, after: str = "") -> Iterator[tuple[str, int]]:
        """Key and size in bytes of every object whose key starts with the prefix, by key.

        Only of those whose key comes after `after`; what it leaves out costs next to nothing.
        """

    def exists(self, key: str) -> bool:
        """Whether there is an object of that key."""


def store(uri: str, s3_client: Callable[[], Any]) -> Store:
    """The store at `s3://bucket/prefix` or in a folder; the client is made only for S3."""
    parts = urlsplit(uri)
    if parts.scheme == "s3":
        if not parts.netloc:
            raise StoreError(f"{uri} names no bucket: write s3://bucket/prefix")
        return S3Store(s3_client(), parts.netloc, parts.path.strip("/"))
    if "://" in uri and parts.scheme != "file":
        raise StoreError(f"{uri} is neither a folder nor s3://bucket/prefix")
    return FolderStore(Path(unquote(parts.path) if parts.scheme == "file" else uri))


@dataclass(frozen=True)
class FolderStore:
    """Objects as files. Characters outside A-Z a-z 0-9 _ - ~ . = , + @ are percent-encoded."""

    root: Path

    def put(self, key: str, data: bytes) -> None:
        """Write a hidden file beside the target, flush it to disk, then rename it into place."""
        path = self._path(key)
        with _file_errors(key):
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(prefix=".", dir=path.parent)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                Path(temporary).replace(path)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise

    def get(self, key: str) -> bytes:
        """The file's bytes."""
        with _file_errors(key):
            return self._path(key).read_bytes()

    def keys(self, prefix: str, after: str = "") -> Iterator[tuple[str, int]]:
        """Walks only the folder that the prefix names, and of the folders in it those that count.

        Half-written files are hidden.
        """
        folder = self._path(prefix.rpartition("/")[0]) if "/" in prefix else self.root
        with _file_errors(prefix):
            # Of a folder that comes before `after` but is no part of it, all keys come before.
            first = [
                path
                for path in folder.glob("[!.]*")
                if (key := f"{self._key(path)}/") > after or after.startswith(key)
            ]
            found = (each for path in first for each in (path, *path.rglob("[!.]*")))
            keyed = sorted((self._key(path), path) for path in found if path.is_file())
            for key, path in keyed:
                if key.startswith(prefix) and key > after:
                    yield key, path.stat().st_size

    def exists(self, key: str) -> bool:
        """Whether the file is there."""
        return self._path(key).is_file()

    def _path(self, key: str) -> Path:
        parts = key.split("/")
        if not all(parts) or not set(parts).isdisjoint({".", ".."}):
            raise StoreError(f"{key!r} is no object key: it has an empty or dotted part")
        return self.root.joinpath(*(_encoded(part) for part in parts))

    def _key(self, path: Path) -> str:
        return unquote(path.relative_to(self.root).as_posix())


def _encoded(part: str) -> str:
    name = quote(part, safe="=,+@")
    return f"%2E{name[1:]}" if name.startswith(".") else name


@contextlib.contextmanager
def _file_errors(key: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise NoSuchObjectError(f"there is no object {key}") from error
    except OSError as error:
        raise StoreError(f"object {key}: {error.strerror or error}") from error


@dataclass(frozen=True)
class S3Store:
    """Objects in a bucket, under a prefix without slashes at its ends (may be empty)."""

    client: Any
    bucket: str
    prefix: str = ""

    def put(self, key: str, data: bytes) -> None:
        """One PutObject, which S3 makes atomic."""
        with _s3_errors(key):
            self.client.put_object(Bucket=self.bucket, Key=self._name(key), Body=data)

    def get(self, key: str) -> bytes:
        """One GetObject."""
        with _s3_errors(key):
            body = self.client.get_object(Bucket=self.bucket, Key=self._name(key))["Body"]
            with contextlib.closing(body):
                return bytes(body.read())

    def keys(self, prefix: str, after: str = "") -> Iterator[tuple[str, int]]:
        """Listed page by page, in S3's own order, which is by key, from `after` on."""
        pages = self.client.get_paginator("list_objects_v2")
        begin = {"StartAfter": self._name(after)} if after else {}
        with _s3_errors(prefix):
            for page in pages.paginate(Bucket=self.bucket, Prefix=self._name(prefix), **begin):
                for entry in page.get("Contents", ()):
                    yield entry["Key"][len(self._name("")) :], entry["Size"]

    def exists(self, key: str) -> bool:
        """One HeadObject."""
        try:
            with _s3_errors(key):
                self.client.head_object(Bucket=self.bucket, Key=self._name(key))
        except NoSuchObjectError:
            return False
        return True

    def _name(self, key: str) -> str:
        return f"{self.prefix}/{key}" if self.prefix else key


@contextlib.contextmanager
def _s3_errors(key: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in {"404", "NoSuchKey", "NotFound"}:
            raise NoSuchObjectError(f"there is no object {key}") from error
        raise StoreError(f"object {key}: S3 answered {code}") from error
    except BotoCoreError as error:
        raise StoreError(f"object {key}: {error}") from error
