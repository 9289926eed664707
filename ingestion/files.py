"""Files and folders of records, read as streams of verdicts and landed in a store."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from ingestion.inflation import InflatedFile, InputError, is_compressed
from ingestion.landing import BAD, LakeObject, Origin, Verdict, file_objects
from ingestion.records import (
    BYTE_ORDER_MARK,
    MAX_RECORD_BYTES,
    Accepted,
    Outcome,
    Rejected,
    outcomes,
)
from ingestion.splitting import MAX_HELD_BYTES, Piece, is_ndjson, text_pieces
from ingestion.store import Store

RECORD_SUFFIXES = frozenset({".json", ".ndjson", ".jsonl"})
COMPRESSED_SUFFIXES = frozenset({".gz", ".zst"})
TRUTH = "truth.json"

_LOOK_AHEAD_BYTES = 2**20

Progress = Callable[[int, int], None]


class Source(NamedTuple):
    """A file to read, and the name that its rejects carry: no path above what was given."""

    path: Path
    name: str


@dataclass(frozen=True)
class Funnel:
    """What ingesting came to; `read = sum(landed) + sum(rejected)` always.

    `read` counts records, and troubles of whole files; `landed` is by kind, `rejected` by
    reason. `objects` were put, `unchanged` were there already. `skipped` files of given folders
    do not look like records by their names.
    """

    files: int
    read: int
    landed: Mapping[str, int]
    rejected: Mapping[str, int]
    objects: int
    unchanged: int
    skipped: int


def ingest(
    paths: Iterable[Path], store: Store, progress: Progress | None = None, workers: int = 1
) -> Funnel:
    """Land every record of the files and folders; doing it again, in any order, changes nothing.

    `progress(done, total)` is called after each file with bytes on disk. More than one worker
    reads files in processes of their own, each holding one file's compressed objects. Raises
    `InputError` for a path that cannot be read and `StoreError`; what has landed stays.
    """
    sources, skipped = found(paths)
    sizes = [source.path.stat().st_size for source in sources]
    landed: Counter[str] = Counter()
    rejected: Counter[str] = Counter()
    put = unchanged = 0
    for number, objects in enumerate(_objects_by_file(sources, workers), start=1):
        for item in objects:
            is_new = not store.exists(item.key)
            if is_new:
                store.put(item.key, item.data)
            put, unchanged = put + is_new, unchanged + (not is_new)
            (rejected if item.kind == BAD else landed).update(item.counts)
        if progress:
            progress(sum(sizes[:number]), sum(sizes))
    read = landed.total() + rejected.total()
    return Funnel(len(sources), read, dict(landed), dict(rejected), put, unchanged, skipped)


def found(paths: Iterable[Path]) -> tuple[list[Source], int]:
    """The files that are given or in given folders, sorted and each once; how many were left out.

    A file is taken whatever its name; of a folder, those named as JSON, except hidden ones, ones
    that begin with `_`, and the simulator's `truth.json`. Raises `InputError`.
    """
    sources: dict[Path, Source] = {}
    skipped = 0
    for path in paths:
        files, left_out = _files(path)
        skipped += left_out
        for file, name in files:
            sources.setdefault(file.resolve(), Source(file, name))
    return sorted(sources.values()), skipped


def _files(path: Path) -> tuple[list[Source], int]:
    if path.is_file():
        return [Source(path, path.name)], 0
    if not path.is_dir():
        raise InputError(f"{path}: there is no such file or folder")
    files = sorted(file for file in path.rglob("*") if file.is_file())
    taken = [file for file in files if is_record_file(file.relative_to(path))]
    if not taken:
        raise InputError(f"{path}: the folder has no .json, .ndjson or .jsonl files (.gz, .zst)")
    top = path.resolve().name
    named = [Source(file, f"{top}/{file.relative_to(path).as_posix()}") for file in taken]
    return named, len(files) - len(taken)


def is_record_file(path: Path) -> bool:
    """Whether a file in a folder is taken for records, going by its name."""
    if path.name == TRUTH or any(part.startswith((".", "_")) for part in path.parts):
        return False
    plain = path.with_suffix("") if path.suffix in COMPRESSED_SUFFIXES else path
    return plain.suffix in RECORD_SUFFIXES


def verdicts(source: Source) -> Iterator[Verdict]:
    """What becomes of each record of a file, in order; trouble with the file is a reject too."""
    file = InflatedFile(source.path)
    chunks = file.chunks()
    head = _head(chunks).removeprefix(BYTE_ORDER_MARK)
    is_barren = True
    leftover = b""
    for position, outcome, is_cut in _outcomes(head, chunks):
        is_barren = False
        if isinstance(outcome, Accepted):
            file.has_record()
        elif is_cut and file.trouble:
            leftover = outcome.payload[:MAX_RECORD_BYTES]
            continue
        yield Verdict(Origin(source.name, position), outcome)
    if file.trouble or is_barren:
        reason, detail = file.trouble or ("empty_file", "")
        position = f"byte:{file.inflated_bytes}"
        yield Verdict(Origin(source.name, position), Rejected(reason, detail, leftover))


def _head(chunks: Iterator[bytes]) -> bytes:
    head = b""
    while len(head) < _LOOK_AHEAD_BYTES and (chunk := next(chunks, b"")):
        head += chunk
    return head


def _outcomes(head: bytes, chunks: Iterator[bytes]) -> Iterator[tuple[str, Outcome, bool]]:
    """Position and verdict of every record, and whether the text ends in the midst of it."""
    if is_compressed(head):
        yield "byte:0", Rejected("nested_compression", "", head), False
        return
    if head.lstrip().startswith(b"<") and not is_ndjson(head):
        yield "byte:0", Rejected("html", "", head), False
        return
    for piece in text_pieces(head, chunks):
        judged = _judged(piece)
        for outcome in judged:
            yield piece.position, outcome, piece.is_cut and outcome is judged[-1]


def _judged(piece: Piece) -> Sequence[Outcome]:
    if len(piece.text) > MAX_HELD_BYTES:
        detail = f"more than {MAX_HELD_BYTES} bytes; its end is in the file alone"
        return [Rejected("too_large", detail, piece.text)]
    return outcomes(piece.text)


def _objects_by_file(sources: Sequence[Source], workers: int) -> Iterator[Iterable[LakeObject]]:
    if min(workers, len(sources)) < 2:
        yield from (file_objects(verdicts(source)) for source in sources)
        return
    # Spawned, not forked: a parent that has run threads must not fork.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        waiting = iter(sources)
        running: deque[Future[list[LakeObject]]] = deque()
        for source in islice(waiting, workers):
            running.append(pool.submit(_objects, source))
        while running:
            yield running.popleft().result()
            running.extend(pool.submit(_objects, source) for source in islice(waiting, 1))


def _objects(source: Source) -> list[LakeObject]:
    return list(file_objects(verdicts(source)))
