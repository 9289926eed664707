"""What bad input costs: bounded memory and time, and never a neighbour."""

from __future__ import annotations

import gzip
import io
import json
import time
import zipfile

import pytest

from ingestion.records import outcomes
from tests.ingestion.fresh_process import Cost, cost
from tests.ingestion.malformed import CONTACT, MALFORMED

MOST = Cost(growth_mib=20, cpu_s=1)
MOST_SECONDS = 0.05


def zipped(content: bytes) -> bytes:
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("records.json", content)
        return file.getvalue()


def oversize(size: int) -> bytes:
    return b'{"ContactId":"c-1","x":"' + b"x" * size + b'"}'


BOMBS = {
    "1,001 KiB": oversize(1_001 * 1024),
    "10 MiB": oversize(10 * 2**20),
    "10 MiB on lines": CONTACT + b"\n" + oversize(10 * 2**20) + b"\n" + CONTACT,
    "10 MiB of random-like text": json.dumps({"x": [hex(n**7) for n in range(10**5 * 3)]}).encode(),
    "1,000:1 of zeros": gzip.compress(bytes(2**28), mtime=0),
    "1,000:1 of blanks": gzip.compress(b" " * 2**28, mtime=0),
    "1,000:1 in a text": gzip.compress(oversize(2**28), mtime=0),
    "nested": gzip.compress(gzip.compress(bytes(2**28), mtime=0), mtime=0),
    "zip": zipped(bytes(2**28)),
}

_INGEST = """
from pathlib import Path
from ingestion.files import ingest
from ingestion.store import FolderStore
ingest([Path({good!r})], FolderStore(Path({lake!r})))
"""


def is_little(found: Cost) -> bool:
    print(found)  # noqa: T201
    return found.growth_mib <= MOST.growth_mib and found.cpu_s <= MOST.cpu_s


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_in_a_file_is_rejected_in_little_memory_and_time(name, tmp_path):
    good, bomb, lake = tmp_path / "good.json", tmp_path / "bomb.json", tmp_path / "lake"
    good.write_bytes(CONTACT)
    bomb.write_bytes(BOMBS[name])
    prepared = _INGEST.format(good=str(good), lake=str(lake))
    work = f"""
funnel = ingest([Path({str(bomb)!r})], FolderStore(Path({str(lake)!r})))
assert funnel.rejected and funnel.landed.get("contact_record", 0) == {BOMBS[name].count(CONTACT)}
"""
    assert is_little(cost(prepared, work))


_LAND = """
import base64
from pathlib import Path
from ingestion.store import FolderStore
from lambdas.landing.handler import land_batch

def record(payload, number):
    kinesis = dict(sequenceNumber=number, approximateArrivalTimestamp=1.7e9,
        data=base64.b64encode(payload).decode())
    return dict(kinesis=kinesis, eventSourceARN="arn:x/contacts", eventID="shard-0:" + number)

lake = FolderStore(Path({lake!r}))
land_batch([record(b"{{}}", "1")], lake)
batch = [record(Path({bomb!r}).read_bytes(), "2")]
"""


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_on_the_stream_is_rejected_in_little_memory_and_time(name, tmp_path):
    bomb = tmp_path / "bomb"
    bomb.write_bytes(BOMBS[name])
    prepared = _LAND.format(lake=str(tmp_path / "lake"), bomb=str(bomb))
    assert is_little(cost(prepared, "assert land_batch(batch, lake).rejected"))


def quickest(payload: bytes) -> float:
    """Seconds of processor to judge a payload, the least of three."""

    def once() -> float:
        start = time.process_time()
        outcomes(payload)
        return time.process_time() - start

    return min(once() for _ in range(3))


@pytest.mark.heavy
def test_every_malformed_payload_is_judged_in_fifty_milliseconds():
    slow = {name: s for name in MALFORMED if (s := quickest(MALFORMED[name][0])) > MOST_SECONDS}
    assert slow == {}
