"""AWS, the disk and the catalog as they fail: a fault at a call of chosen number.

Calls are counted where the program leaves its own code: botocore (every AWS client), pyarrow's
file system (Iceberg's files, whose S3 client is C++ and not botocore), the SQLite catalog's commit
and the folder's objects. After a crash no call has an effect, as if the process were gone.
"""

from __future__ import annotations

import errno
import io
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ReadTimeoutError
from pyarrow.fs import FileSystem, FileSystemHandler, PyFileSystem
from pyiceberg.io.pyarrow import PyArrowFileIO
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from glue_jobs import catalog
from ingestion.store import FolderStore, StoreError

CRASH_BEFORE, CRASH_AFTER, LOST_REPLY = "crash before", "crash after", "lost reply"
CRASHES = (CRASH_BEFORE, CRASH_AFTER)
AWS_FAULTS = (*CRASHES, LOST_REPLY, "throttle", "server error", "time-out", "denied")
FOLDER_FAULTS = (*CRASHES, "disk full", "denied")

_CODES = {"throttle": ("ThrottlingException", 400), "server error": ("InternalFailure", 500)}
_CODES |= {"denied": ("AccessDeniedException", 403)}
_S3_SAYS = {
    "throttle": "AWS Error SLOW_DOWN: Please reduce your request rate",
    "server error": "AWS Error INTERNAL_FAILURE: We encountered an internal error",
    "time-out": "AWS Error NETWORK_CONNECTION: curlCode: 28, Timeout was reached",
    "denied": "AWS Error ACCESS_DENIED: AWS Error [code 15]: No response body",
    LOST_REPLY: "AWS Error NETWORK_CONNECTION: curlCode: 52, Empty reply from server",
}


class CrashError(BaseException):
    """The process is gone: nothing catches this, and nothing after it takes effect."""


@dataclass
class Faults:
    """Counts the calls of a run; call number `at` (from 1) meets `fault`, the others succeed."""

    fault: str | None = None
    at: int = 0
    calls: list[str] = field(default_factory=list)
    is_dead: bool = False
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def call(
        self, name: str, effect: Callable[[], Any], error: Callable[[str], BaseException]
    ) -> Any:
        """The effect's result, or what the fault makes of it; `error` is the fault's in kind."""
        with self._turn:
            if self.is_dead:
                raise CrashError
            self.calls.append(name)
            fault = self.fault if len(self.calls) == self.at else None
            self.is_dead = fault == CRASH_BEFORE
        if fault is None:
            return effect()
        if fault in {CRASH_AFTER, LOST_REPLY}:
            effect()
        if fault in CRASHES:
            self.is_dead = True
            raise CrashError
        raise error(fault)


@contextmanager
def injected(faults: Faults) -> Iterator[Faults]:
    """Every call of the block, which is a new process, goes through `faults`."""
    catalog.metadata.cache_clear()
    told = sys.unraisablehook

    def tell(of: Any) -> None:  # a dead process has no destructors that could fail
        if not isinstance(of.exc_value, CrashError):
            told(of)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "unraisablehook", tell)
        _over_botocore(patch, faults)
        _over_files(patch, faults)
        _over_catalog(patch, faults)
        _over_folder(patch, faults)
        yield faults


def _over_botocore(patch: pytest.MonkeyPatch, faults: Faults) -> None:
    made = BaseClient._make_api_call

    def call(self: Any, operation: str, parameters: Any) -> Any:
        def error(fault: str) -> BaseException:
            if fault in {"time-out", LOST_REPLY}:
                return ReadTimeoutError(endpoint_url="http://127.0.0.1:9")
            code, status = _CODES[fault]
            said = {"Error": {"Code": code, "Message": fault}}
            said["ResponseMetadata"] = {"HTTPStatusCode": status}
            return self.exceptions.from_code(code)(said, operation)

        return faults.call(operation, lambda: made(self, operation, parameters), error)

    patch.setattr(BaseClient, "_make_api_call", call)


def _over_files(patch: pytest.MonkeyPatch, faults: Faults) -> None:
    made = PyArrowFileIO._initialize_fs

    def initialized(self: Any, scheme: str, netloc: str | None = None) -> FileSystem:
        return PyFileSystem(_FaultyFiles(made(self, scheme, netloc), faults))

    patch.setattr(PyArrowFileIO, "_initialize_fs", initialized)


def _over_catalog(patch: pytest.MonkeyPatch, faults: Faults) -> None:
    made = Session.commit

    def error(fault: str) -> BaseException:
        said = {"disk full": "database or disk is full"}.get(fault, "unable to open database file")
        return OperationalError("COMMIT", {}, Exception(said))

    patch.setattr(Session, "commit", lambda self: faults.call("COMMIT", lambda: made(self), error))


def _over_folder(patch: pytest.MonkeyPatch, faults: Faults) -> None:
    def over(name: str) -> None:
        made = getattr(FolderStore, name)

        def call(self: Any, key: str, *rest: Any) -> Any:
            def error(fault: str) -> BaseException:
                return StoreError(f"object {key}: {_file_error(fault).strerror}")

            return faults.call(f"folder {name}", lambda: made(self, key, *rest), error)

        patch.setattr(FolderStore, name, call)

    for name in ("put", "get", "exists"):
        over(name)


def _file_error(fault: str) -> OSError:
    if fault == "disk full":
        return OSError(errno.ENOSPC, "No space left on device")
    if fault in _S3_SAYS and fault != "denied":
        return OSError(_S3_SAYS[fault])
    return PermissionError(errno.EACCES, "Permission denied")


class _FaultyFiles(FileSystemHandler):  # type: ignore[misc]
    """A file system whose every call goes through faults; a file appears when it is closed."""

    def __init__(self, inner: FileSystem, faults: Faults) -> None:
        self.inner = inner
        self.faults = faults

    def _call(self, name: str, *given: Any) -> Any:
        return self.faults.call(name, lambda: getattr(self.inner, name)(*given), _file_error)

    def get_type_name(self) -> str:
        return f"faulty {self.inner.type_name}"

    def normalize_path(self, path: str) -> str:
        return self.inner.normalize_path(path)

    def get_file_info(self, paths: list[str]) -> Any:
        return self._call("get_file_info", paths)

    def get_file_info_selector(self, selector: Any) -> Any:
        return self._call("get_file_info", selector)

    def delete_file(self, path: str) -> None:
        self._call("delete_file", path)

    def open_input_file(self, path: str) -> Any:
        return self._call("open_input_file", path)

    def open_input_stream(self, path: str) -> Any:
        return self._call("open_input_stream", path)

    def open_output_stream(self, path: str, metadata: Any) -> Any:  # noqa: ARG002
        return pa.PythonFile(_Upload(self, path), mode="w")

    def put_file(self, path: str, data: bytes) -> None:
        def put() -> None:
            with self.inner.open_output_stream(path) as out:
                out.write(data)

        self.faults.call("put_file", put, _file_error)

    def _unused(self, *_: Any) -> Any:
        raise NotImplementedError

    create_dir = delete_dir = delete_dir_contents = delete_root_dir_contents = _unused
    move = copy_file = open_append_stream = _unused


class _Upload(io.BytesIO):
    """What is written, put as one file when it is closed."""

    def __init__(self, files: _FaultyFiles, path: str) -> None:
        super().__init__()
        self._files = files
        self._path = path

    def close(self) -> None:
        if not self.closed:
            data = self.getvalue()
            super().close()
            self._files.put_file(self._path, data)
