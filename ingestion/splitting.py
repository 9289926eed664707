"""Where one JSON object ends and the next begins, in text that holds several.

Brackets are counted outside strings; nothing is parsed, so a broken object can be set aside
and the ones after it still be found.
"""

import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

SEPARATORS = b" \t\r\n"
ARRAY_SEPARATORS = SEPARATORS + b"[],"
MAX_HELD_BYTES = 4 * 2**20

_PATIENCE_BYTES = 2**20

# Beyond either an object counts as broken, which bounds the search for where it ends.
_HOPELESS_DEPTH = 256
_HOPELESS_BRACKETS = 30_000
_BROKEN = -1

_TOKEN = re.compile(rb'"(?:[^"\\\n]++|\\[^\n])*+("?)|[{}\[\]]')


class Spans(NamedTuple):
    """Begins and ends of the pieces of a text, and where its unfinished rest begins."""

    found: list[tuple[int, int]]
    rest: int


def pieces(text: bytes, at_most: int) -> list[bytes]:
    """A whole text cut into its objects and whatever lies between them, at most so many."""
    spans = object_spans(text, final=True, at_most=at_most)
    return [text[begin:end] for begin, end in spans.found]


def object_spans(
    text: bytes,
    *,
    final: bool,
    separators: bytes = SEPARATORS,
    patience: int | None = None,
    at_most: int | None = None,
) -> Spans:
    """The objects of a text, and everything between them that is not a separator, as spans.

    `final` tells that no more text follows. Without it, an object whose end is not in sight is
    left as the rest, until it is longer than `patience` bytes. An object that has no end is cut
    before the next line that starts with `{`; if there is none it reaches to the end.
    """
    found: list[tuple[int, int]] = []
    at = 0
    while at < len(text) and (at_most is None or len(found) < at_most):
        begin = text.find(b"{", at)
        if begin < 0 and not final:
            return Spans(found, at)
        gap_end = begin if begin >= 0 else len(text)
        found += _gap(text, at, gap_end, separators)
        if begin < 0:
            return Spans(found, len(text))
        end = _object_end(text, begin)
        if end is None and not final and (patience is None or len(text) - begin <= patience):
            return Spans(found, begin)
        if end is None or end == _BROKEN:
            end = _next_object_line(text, begin)
            if end is None and not final:
                return Spans(found, begin)
        at = len(text) if end is None else end
        found.append((begin, at))
    return Spans(found, at)


def _gap(text: bytes, begin: int, end: int, separators: bytes) -> list[tuple[int, int]]:
    between = text[begin:end]
    lead = len(between) - len(between.lstrip(separators))
    trimmed = between.strip(separators)
    return [(begin + lead, begin + lead + len(trimmed))] if trimmed else []


def _object_end(text: bytes, begin: int) -> int | None:
    """Where the object that begins here ends; `_BROKEN` if it cannot; None if not in this text."""
    depth = opened = 0
    for token in _TOKEN.finditer(text, begin):
        first = text[token.start()]
        if first in b"{[":
            depth += 1
            opened += 1
            if depth > _HOPELESS_DEPTH or opened > _HOPELESS_BRACKETS:
                return _BROKEN
        elif first in b"}]":
            depth -= 1
            if depth == 0:
                return token.end()
        elif not token[1]:  # no closing quote: cut off here, or run into a line break
            return None if len(text) - token.end() <= 1 else _BROKEN
    return None


def _next_object_line(text: bytes, begin: int) -> int | None:
    """The next line that starts with `{`; None if there is none, or if it may be an inner one.

    In text that is broken into lines but not indented, lines start with keys, and inner objects
    can start a line too: a contact inside a broken agent event is no contact record.
    """
    point = text.find(b"\n{", begin)
    if point < 0 or text.find(b'\n"', begin, point) >= 0:
        return None
    return point + 1


class Piece(NamedTuple):
    """What may be a record, and where it is; `is_cut` if the text ends where it ends."""

    position: str
    text: bytes
    is_cut: bool = False


def text_pieces(head: bytes, chunks: Iterable[bytes]) -> Iterator[Piece]:
    """The pieces of a text that begins with `head` and goes on with the chunks.

    One a line if it is NDJSON; otherwise (pretty-printed, concatenated, an array) by brackets.
    """
    split = line_pieces if is_ndjson(head) else object_pieces
    return split(chain([head], chunks))


def is_ndjson(head: bytes) -> bool:
    """Whether a text that begins like this has one record a line, going by its first lines.

    A broken first line does not decide: then a first object that reads as JSON over several
    lines speaks against it, and any whole object on a line of its own speaks for it.
    """
    if head.lstrip().startswith(b"["):
        return False
    lines = (line for line in head.split(b"\n") if line.strip())
    if _is_object(next(lines, b"")):
        return True
    first_two = pieces(head, at_most=2)
    if any(b"\n" in piece and _is_object(piece) for piece in first_two):
        return False
    return any(line.startswith(b"{") and _is_object(line) for line in lines)


def _is_object(text: bytes) -> bool:
    if not text.lstrip().startswith(b"{"):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def line_pieces(chunks: Iterable[bytes]) -> Iterator[Piece]:
    """Lines that are not blank. Of one over `MAX_HELD_BYTES` only the beginning is held."""
    number, rest, skipping = 1, b"", False
    for chunk in chunks:
        rest += chunk
        if skipping:
            _, newline, rest = rest.partition(b"\n")
            skipping = not newline
            number += len(newline)
        *lines, rest = rest.split(b"\n")
        for line in lines:
            if line and not line.isspace():
                yield Piece(f"line:{number}", line)
            number += 1
        if len(rest) > MAX_HELD_BYTES:
            yield Piece(f"line:{number}", rest)
            rest, skipping = b"", True
    if rest.strip():
        yield Piece(f"line:{number}", rest, is_cut=True)


def object_pieces(chunks: Iterable[bytes]) -> Iterator[Piece]:
    """Objects, and what lies between them. After one over `MAX_HELD_BYTES` reading stops."""
    rest, offset, enough = b"", 0, 0
    for chunk in chunks:
        rest += chunk
        if len(rest) < enough:
            continue
        spans = object_spans(
            rest, final=False, separators=ARRAY_SEPARATORS, patience=_PATIENCE_BYTES
        )
        for begin, end in spans.found:
            yield Piece(f"byte:{offset + begin}", rest[begin:end])
        rest, offset = rest[spans.rest :], offset + spans.rest
        enough = min(2 * len(rest), MAX_HELD_BYTES)
        if len(rest) > MAX_HELD_BYTES:
            yield Piece(f"byte:{offset}", rest)
            return
    spans = object_spans(rest, final=True, separators=ARRAY_SEPARATORS)
    for begin, end in spans.found:
        yield Piece(f"byte:{offset + begin}", rest[begin:end], end == len(rest))
