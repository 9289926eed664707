import base64
import gzip
import itertools
import json
from pathlib import Path

import pytest
import zstandard

from ingestion.files import Funnel, Source, found, ingest, verdicts
from ingestion.inflation import InputError
from ingestion.records import Accepted
from ingestion.store import FolderStore

BANK = Path(__file__).parents[3] / "shared" / "data" / "bank_1999_02"


def record(number):
    return {"ContactId": f"c-{number}", "Attributes": {"n": number}}


def ndjson(*numbers):
    return b"".join(json.dumps(record(number)).encode() + b"\n" for number in numbers)


def judged(path):
    """Contact ids of accepted records and reasons of rejects, in order."""
    return [
        json.loads(outcome.line)["ContactId"] if isinstance(outcome, Accepted) else outcome.reason
        for _, outcome in verdicts(Source(path, path.name))
    ]


def contents(lake):
    return {key: lake.get(key) for key, _ in lake.keys("")}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "in.json"


@pytest.fixture
def lake(tmp_path):
    return FolderStore(tmp_path / "lake")


RECORDS = [record(1), record(2), record(3)]
LAYOUTS = {
    "ndjson": ndjson(1, 2, 3),
    "ndjson without a last line break": ndjson(1, 2, 3)[:-1],
    "ndjson with blank lines and CRLF": ndjson(1, 2, 3).replace(b"\n", b"\r\n\r\n"),
    "ndjson with a byte order mark": b"\xef\xbb\xbf" + ndjson(1, 2, 3),
    "pretty-printed": "\n".join(json.dumps(each, indent=2) for each in RECORDS).encode(),
    "concatenated": "".join(json.dumps(each) for each in RECORDS).encode(),
    "array": json.dumps(RECORDS).encode(),
    "pretty-printed array": json.dumps(RECORDS, indent=4).encode(),
    "flat array": json.dumps(RECORDS, indent=0).encode(),
    "array with an element a line": b"[" + b",\n".join(ndjson(1, 2, 3).splitlines()) + b"]",
}
COMPRESSIONS = {
    "plain": bytes,
    "gz": gzip.compress,
    "gz members": lambda text: gzip.compress(text[:30]) + gzip.compress(text[30:]),
    "zst": zstandard.compress,
}


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_and_compression_gives_the_same_records(layout, compression, path):
    path.write_bytes(COMPRESSIONS[compression](LAYOUTS[layout]))
    assert judged(path) == ["c-1", "c-2", "c-3"]


@pytest.mark.parametrize("poison", [b"oops", b'{"ContactId":', b"<html>", b"\xff\xfe", b'{"a":"'])
@pytest.mark.parametrize("position", range(4))
def test_a_poison_line_costs_only_itself_wherever_it_is(poison, position, path):
    lines = ndjson(1, 2, 3).splitlines()
    lines.insert(position, poison)
    path.write_bytes(b"\n".join(lines))
    ids = [each for each in judged(path) if each.startswith("c-")]
    assert [ids, len(judged(path))] == [["c-1", "c-2", "c-3"], 4]


TROUBLES = {
    "nothing": (b"", ["empty_file"]),
    "whitespace": (b"\n \n", ["empty_file"]),
    "an empty array": (b"[]\n", ["empty_file"]),
    "gzip of nothing": (gzip.compress(b""), ["empty_file"]),
    "web page": (b"\n<!doctype html>\n<script>{}</script>\n</html>", ["html"]),
    "gzip cut short": (gzip.compress(ndjson(1), mtime=0)[:-8], ["c-1", "truncated_gzip"]),
    "zst cut short": (zstandard.compress(ndjson(1))[:-3], ["truncated_zst"]),
    "rubbish after gzip": (gzip.compress(ndjson(1)) + b"rubbish!", ["c-1", "corrupt_gzip"]),
    "rubbish after zst": (zstandard.compress(ndjson(1)) + b"rubbish!", ["c-1", "corrupt_zst"]),
    "gzip twice": (gzip.compress(gzip.compress(ndjson(1))), ["nested_compression"]),
    "a bomb": (gzip.compress(bytes(2**26)), ["decompression_bomb"]),
    "a later bomb": (gzip.compress(ndjson(1) + bytes(2**26)), ["c-1", "decompression_bomb"]),
    "a bomb of blank lines": (gzip.compress(b"\n" * 2**26), ["decompression_bomb"]),
    "other JSON": (b'{\n "all": {"contacts": 1}\n}', ["unknown_kind"]),
    "an array of numbers": (b"[1, 2]", ["not_json"]),
    "a null among the elements": (b"[null, " + ndjson(1) + b"]", ["not_an_object", "c-1"]),
}  # fmt: skip


@pytest.mark.parametrize("name", TROUBLES)
def test_trouble_with_a_file_is_a_typed_reject(name, path):
    content, expected = TROUBLES[name]
    path.write_bytes(content)
    assert expected == judged(path)


def test_records_before_the_cut_of_a_gzip_land_and_the_cut_line_is_kept(path, lake):
    numbers = range(3_000)
    data = gzip.compress(ndjson(*numbers))
    path.write_bytes(data[: len(data) // 2])
    funnel = ingest([path], lake)
    (bad,) = (gzip.decompress(lake.get(key)) for key, _ in lake.keys("bad/"))
    cut = base64.b64decode(json.loads(bad)["payload_base64"])
    assert [funnel.rejected, cut[:6]] == [{"truncated_gzip": 1}, b'{"Cont']
    assert funnel.landed["contact_record"] > 1_000


def test_a_two_mebibyte_record_costs_only_itself_even_well_compressed(path):
    huge = b'{"ContactId":"c","x":"' + b"x" * 2**21 + b'"}\n'
    path.write_bytes(gzip.compress(ndjson(1) + huge + ndjson(2)))
    assert judged(path) == ["c-1", "too_large", "c-2"]


def test_a_line_over_10_mebibytes_costs_only_itself(path):
    huge = b'{"ContactId":"c","x":"' + b"x" * (11 * 2**20) + b'"}\n'
    path.write_bytes(ndjson(1) + huge + ndjson(2))
    assert judged(path) == ["c-1", "too_large", "c-2"]


def test_a_file_larger_than_the_look_ahead_lands_whole(path):
    path.write_bytes("".join(json.dumps(record(number)) for number in range(60_000)).encode())
    assert [f"c-{number}" for number in range(60_000)] == judged(path)


def test_verdicts_name_the_file_and_line(path):
    path.write_bytes(ndjson(1) + b"\noops\n")
    origins = [origin for origin, _ in verdicts(Source(path, "in/in.json"))]
    assert origins == [("in/in.json", "line:1", None), ("in/in.json", "line:3", None)]


def test_verdicts_outside_ndjson_name_the_byte(path):
    path.write_bytes(json.dumps([record(1), record(2)]).encode())
    positions = [origin.position for origin, _ in verdicts(Source(path, "a"))]
    assert ["byte:1", f"byte:{len(json.dumps(record(1))) + 3}"] == positions


def test_raw_is_the_record_as_received_one_a_line(path, lake):
    path.write_bytes(json.dumps(record(1), indent=1).encode())
    ingest([path], lake)
    ((key, _),) = lake.keys("raw/contact_record/files/")
    expected = json.dumps(record(1), indent=1).encode().replace(b"\n", b" ") + b"\n"
    assert expected == gzip.decompress(lake.get(key))


def test_the_funnel_closes(tmp_path, lake):
    folder = tmp_path / "day"
    folder.mkdir()
    (folder / "a.ndjson.gz").write_bytes(gzip.compress(ndjson(1, 2) + b"oops\n"))
    (folder / "b.json").write_bytes(b"")
    (folder / "truth.json").write_bytes(b"{}")
    (folder / "notes.txt").write_bytes(b"")
    assert Funnel(
        files=2,
        read=4,
        landed={"contact_record": 2},
        rejected={"not_json": 1, "empty_file": 1},
        objects=3,
        unchanged=0,
        skipped=2,
    ) == ingest([folder], lake)


def test_ingesting_again_in_any_order_changes_nothing(tmp_path, lake):
    paths = [tmp_path / name for name in ("a.json", "b.json", "c.json")]
    for number, each in enumerate(paths):
        each.write_bytes(ndjson(number, number + 1) + b"oops\n")
    ingest(paths, lake)
    before = contents(lake)
    funnels = [ingest(order, lake) for order in itertools.permutations(paths)]
    assert [before, {(0, 6)}] == [contents(lake), {(f.objects, f.unchanged) for f in funnels}]


def test_rejects_name_no_path_above_what_was_given(tmp_path, lake):
    folder = tmp_path / "day"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "a.json").write_bytes(b"oops")
    ingest([folder], lake)
    ((key, _),) = lake.keys("bad/files/")
    assert json.loads(gzip.decompress(lake.get(key)))["source"] == "day/inner/a.json"


def test_more_workers_land_the_same_objects(tmp_path, lake):
    paths = [tmp_path / f"{number}.ndjson" for number in range(4)]
    for number, each in enumerate(paths):
        each.write_bytes(ndjson(*range(number, number + 5)))
    alone = FolderStore(tmp_path / "alone")
    assert ingest(paths, alone) == ingest(paths, lake, workers=2)
    assert contents(alone) == contents(lake)


def test_progress_tells_bytes_done_of_all_after_each_file(tmp_path, lake):
    paths = [tmp_path / "a.json", tmp_path / "b.json"]
    for each in paths:
        each.write_bytes(ndjson(1))
    size = len(ndjson(1))
    told = []
    ingest(paths, lake, lambda done, total: told.append((done, total)))
    assert [(size, 2 * size), (2 * size, 2 * size)] == told


def test_a_folder_gives_its_record_files_in_order_and_counts_the_others(tmp_path):
    names = "b.json a.ndjson.gz c.jsonl.zst _x.json .y.json z.csv truth.json"
    for name in names.split():
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "_hidden").mkdir()
    (tmp_path / "_hidden" / "d.json").write_bytes(b"")
    sources, skipped = found([tmp_path])
    assert (
        [source.path.name for source in sources],
        skipped,
    ) == (["a.ndjson.gz", "b.json", "c.jsonl.zst"], 5)  # fmt: skip


def test_a_file_given_twice_is_read_once(path):
    path.write_bytes(ndjson(1))
    sources, _ = found([path, path.parent, path])
    assert [Source(path, "in.json")] == sources


def test_a_file_that_is_given_is_taken_whatever_its_name(tmp_path):
    path = tmp_path / "export.txt"
    path.write_bytes(ndjson(1))
    assert [Source(path, "export.txt")] == found([path])[0]


def test_a_path_that_is_not_there_is_an_input_error(path):
    with pytest.raises(InputError, match=r"in\.json: there is no such file or folder"):
        found([path])


def test_a_folder_without_records_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match=r"no \.json, \.ndjson or \.jsonl files"):
        found([tmp_path])


@pytest.mark.skipif(not BANK.exists(), reason="needs ../shared")
def test_the_bank_s_month_lands_whole(lake):
    funnel = ingest([BANK], lake)
    assert [
        funnel.landed,
        funnel.rejected,
    ] == [{"agent_event": 54_397, "contact_record": 32_525}, {}]
