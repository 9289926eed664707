import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion import splitting
from ingestion.splitting import Piece, is_ndjson, line_pieces, object_pieces, pieces, text_pieces


def chunks(text, size):
    return [text[at : at + size] for at in range(0, len(text), size)]


def texts(found):
    return [piece.text for piece in found]


LAYOUTS = {
    "ndjson": (b'{"a":1}\n{"b":2}\n', True),
    "one record a line, one line": (b'{"a":1}', True),
    "ndjson after blank lines": (b'\n\n{"a":1}\n{"b":2}\n', True),
    "ndjson whose first line is cut short": (b'{"a":{"x\n{"b":2}\n{"c":3}\n', True),
    "ndjson whose first line is rubbish": (b'<html>\n{"b":2}\n', True),
    "pretty-printed": (b'{\n  "a": 1\n}\n', False),
    "pretty-printed with a whole line inside": (b'{\n  "a": [\n  {}\n  ]\n}\n{\n "b": 1\n}', False),
    "concatenated": (b'{"a":1}{"b":2}', False),
    "array": (b'[{"a":1},{"b":2}]', False),
    "array with an element a line": (b'[\n{"a":1},\n{"b":2}\n]', False),
    "web page": (b"<html>\n<body>{}</body></html>", False),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_first_lines_tell_ndjson_from_other_layouts(name):
    text, expected = LAYOUTS[name]
    assert expected == is_ndjson(text)


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_lines_are_found_whatever_the_chunks(size):
    text = b'{"a":1}\r\n\n{"b":2}'
    assert [Piece("line:1", b'{"a":1}\r'), Piece("line:3", b'{"b":2}', is_cut=True)] == list(
        line_pieces(chunks(text, size))
    )


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
@pytest.mark.parametrize("indent", [None, 0, 2])
@pytest.mark.parametrize("joint", ["", "\n", ",\n"])
def test_objects_are_found_whatever_the_chunks_and_layout(size, indent, joint):
    records = [{"a": '}\\"{'}, {"b": [{"c": {}}, "]"]}, {}]
    text = joint.join(json.dumps(record, indent=indent) for record in records)
    found = object_pieces(chunks(f"[{text}]".encode(), size))
    assert records == [json.loads(text) for text in texts(found)]


def test_objects_have_their_byte_offsets():
    assert [piece.position for piece in object_pieces([b' [{"a":1}, {"b', b'":2}]'])] == [
        "byte:2",
        "byte:11",
    ]


@pytest.mark.parametrize("size", [3, 1000])
def test_a_pretty_printed_object_cut_short_ends_where_the_next_begins(size, monkeypatch):
    monkeypatch.setattr(splitting, "_PATIENCE_BYTES", 30)
    good = b'{\n  "a": {\n    "b": 1\n  }\n}\n'
    found = object_pieces(chunks(good + good[:-9] + b"\n" + good * 3, size))
    assert texts(found).count(good.strip()) == 4


def test_a_line_too_long_to_hold_costs_only_itself(monkeypatch):
    monkeypatch.setattr(splitting, "MAX_HELD_BYTES", 20)
    text = b'{"a":1}\n' + b"x" * 100 + b'\n{"b":2}\n'
    found = list(line_pieces(chunks(text, 8)))
    assert texts([found[0], found[-1]]) == [b'{"a":1}', b'{"b":2}']
    assert [piece.position for piece in found] == ["line:1", "line:2", "line:3"]


def test_after_an_object_too_long_to_hold_reading_stops(monkeypatch):
    monkeypatch.setattr(splitting, "MAX_HELD_BYTES", 20)
    text = b'{"a":1}{"b":"' + b"x" * 100 + b'"}{"c":1}'
    found = list(object_pieces(chunks(text, 8)))
    assert [piece.position for piece in found] == ["byte:0", "byte:7"]


def test_at_most_so_many_pieces_are_cut():
    assert pieces(b"{}" * 9, at_most=2) == [b"{}", b"{}"]


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet='{}[]",:\\\n a1', max_size=80), st.integers(1, 20))
def test_no_byte_but_separators_is_lost(text, size):
    data = text.encode()
    kept = b"".join(texts(text_pieces(data[:size], chunks(data[size:], size))))
    separators = splitting.ARRAY_SEPARATORS
    assert data.translate(None, separators) == kept.translate(None, separators)
