import gzip
import os

import pytest
import zstandard

from ingestion.inflation import FILE_REASONS, InflatedFile, InputError, is_compressed

TEXT = b"".join(b'{"ContactId":"c-%d"}\n' % number for number in range(20_000))

COMPRESS = {
    "plain": bytes,
    "gzip": gzip.compress,
    "gzip in members": lambda data: gzip.compress(data[:999]) + gzip.compress(data[999:]),
    "gzip with padding": lambda data: gzip.compress(data) + b"\0" * 600,
    "zst": zstandard.compress,
    "zst in frames": lambda data: zstandard.compress(data[:999]) + zstandard.compress(data[999:]),
}


def read(path):
    file = InflatedFile(path)
    return b"".join(file.chunks()), file.trouble


@pytest.fixture
def path(tmp_path):
    return tmp_path / "records"


@pytest.mark.parametrize("name", COMPRESS)
def test_a_file_reads_as_its_text_whatever_its_compression(name, path):
    path.write_bytes(COMPRESS[name](TEXT))
    assert read(path) == (TEXT, None)


@pytest.mark.parametrize("name", ["gzip", "zst"])
def test_a_file_cut_short_reads_up_to_the_cut(name, path):
    path.write_bytes(COMPRESS[name](os.urandom(2**18) + TEXT)[:-20])
    text, trouble = read(path)
    assert [f"truncated_{name}", True] == [trouble.reason, len(text) >= 2**17]


@pytest.mark.parametrize("name", ["gzip", "zst"])
def test_a_file_followed_by_rubbish_reads_up_to_it(name, path):
    path.write_bytes(COMPRESS[name](TEXT) + b"rubbish after the end")
    text, trouble = read(path)
    assert [f"corrupt_{name}", TEXT] == [trouble.reason, text]


@pytest.mark.parametrize("name", ["gzip", "zst"])
def test_data_that_only_inflates_is_a_bomb(name, path):
    path.write_bytes(COMPRESS[name](bytes(2**27)))
    text, trouble = read(path)
    assert [trouble.reason, len(text) < 2**24] == ["decompression_bomb", True]


def test_records_that_compress_well_are_no_bomb(path):
    path.write_bytes(gzip.compress(b"x" * 2**25))
    file = InflatedFile(path)
    for _ in file.chunks():
        file.has_record()
    assert file.trouble is None


def test_chunks_are_small_whatever_the_data(path):
    path.write_bytes(zstandard.compress(TEXT + bytes(2**27)))
    file = InflatedFile(path)
    sizes = []
    for chunk in file.chunks():
        file.has_record()
        sizes.append(len(chunk))
    assert [len(TEXT) + 2**27, True] == [sum(sizes), max(sizes) <= 2**22 + 2**18]


def test_a_missing_file_is_an_input_error(path):
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read(path)


def test_magic_numbers_tell_compression():
    heads = [gzip.compress(b""), zstandard.compress(b"x"), b"{}", b""]
    assert [is_compressed(head) for head in heads] == [True, True, False, False]


def test_every_trouble_is_explained():
    troubles = {f"{what}_{name}" for what in ("truncated", "corrupt") for name in ("gzip", "zst")}
    assert troubles <= FILE_REASONS.keys()
