from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from ingestion.store import FolderStore, NoSuchObjectError, S3Store, StoreError, store


@pytest.fixture(scope="module")
def s3():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    client = boto3.client(
        "s3",
        endpoint_url=f"http://{host}:{port}",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.create_bucket(Bucket="lake")
    yield client
    client.close()
    server.stop()


@pytest.fixture(params=["folder", "s3", "s3 prefix"])
def lake(request, tmp_path, s3):
    if request.param == "folder":
        return FolderStore(tmp_path / "lake")
    prefix = f"{request.node.name}" if request.param == "s3 prefix" else ""
    for entry in s3.list_objects_v2(Bucket="lake").get("Contents", ()):
        s3.delete_object(Bucket="lake", Key=entry["Key"])
    return S3Store(s3, "lake", prefix)


def test_what_is_put_is_got(lake):
    lake.put("raw/a.gz", b"one")
    assert lake.get("raw/a.gz") == b"one"


def test_a_put_replaces_the_object(lake):
    lake.put("raw/a.gz", b"one")
    lake.put("raw/a.gz", b"two")
    assert [lake.get("raw/a.gz"), list(lake.keys(""))] == [b"two", [("raw/a.gz", 3)]]


def test_keys_are_those_of_the_prefix_in_order_with_sizes(lake):
    for key in ("raw/b/2", "raw/b-1", "raw/b/1", "bad/1", "raw/c/1"):
        lake.put(key, b"xx")
    assert list(lake.keys("raw/b")) == [("raw/b-1", 2), ("raw/b/1", 2), ("raw/b/2", 2)]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("", ["01/1", "02/1", "02/2", "02/deep/1", "f/1"]),
        ("raw/b/01", ["01/1", "02/1", "02/2", "02/deep/1", "f/1"]),
        ("raw/b/01/1", ["02/1", "02/2", "02/deep/1", "f/1"]),
        ("raw/b/02/1", ["02/2", "02/deep/1", "f/1"]),
        ("raw/b/02/deep", ["02/deep/1", "f/1"]),
        ("raw/b/g", []),
    ],
)
def test_keys_after_a_key_are_listed_and_no_others(lake, after, expected):
    for key in ("01/1", "02/1", "02/2", "02/deep/1", "f/1"):
        lake.put(f"raw/b/{key}", b"")
    assert [key for key, _ in lake.keys("raw/b/", after)] == [f"raw/b/{key}" for key in expected]


def test_a_folder_does_not_look_into_folders_that_come_before(tmp_path, monkeypatch):
    lake = FolderStore(tmp_path)
    for key in ("01/1", "02/1", "02/2", "f/1"):
        lake.put(f"raw/{key}", b"")
    looked = []
    is_file = Path.is_file
    monkeypatch.setattr(Path, "is_file", lambda path: looked.append(path.name) or is_file(path))
    assert [key for key, _ in lake.keys("raw/", "raw/02/1")] == ["raw/02/2", "raw/f/1"]
    assert sorted(looked) == ["02", "1", "1", "2", "f"]


def test_an_unused_prefix_has_no_keys(lake):
    assert list(lake.keys("raw/")) == []


def test_an_object_exists_once_put(lake):
    before = lake.exists("raw/a")
    lake.put("raw/a", b"")
    assert [before, lake.exists("raw/a")] == [False, True]


def test_getting_what_is_not_there_says_so(lake):
    with pytest.raises(NoSuchObjectError, match="there is no object raw/none"):
        lake.get("raw/none")


def test_unusual_keys_come_back_as_they_were_put(lake):
    keys = sorted(["a/b=c d/é\N{GRINNING FACE}", "a/.hidden", "a/100%2F", "a/q?#"])
    for key in keys:
        lake.put(key, key.encode())
    assert [(key, len(key.encode())) for key in keys] == list(lake.keys("a/"))


def test_a_folder_takes_even_line_breaks_and_percent_signs(tmp_path):
    lake = FolderStore(tmp_path)
    lake.put("a/x\ny%0A", b"")
    assert list(lake.keys("a/x\n")) == [("a/x\ny%0A", 0)]


@pytest.mark.parametrize("key", ["../a", "a/../b", "/a", "a//b", "", ".", "a/"])
def test_a_folder_refuses_keys_that_could_leave_it(tmp_path, key):
    with pytest.raises(StoreError, match="no object key"):
        FolderStore(tmp_path).put(key, b"")


def test_a_failed_write_leaves_the_old_object_and_no_rest(tmp_path, monkeypatch):
    lake = FolderStore(tmp_path)
    lake.put("a", b"old")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StoreError, match="No space left"):
        lake.put("a", b"new")
    assert [lake.get("a"), [path.name for path in tmp_path.iterdir()]] == [b"old", ["a"]]


def test_a_missing_bucket_is_a_store_error(s3):
    with pytest.raises(StoreError, match="S3 answered NoSuchBucket"):
        S3Store(s3, "nowhere").put("a", b"")


def test_an_address_chooses_the_store(tmp_path):
    assert [FolderStore(tmp_path), S3Store("client", "b", "x/y"), FolderStore(tmp_path)] == [
        store(str(tmp_path), lambda: "client"),
        store("s3://b/x/y/", lambda: "client"),
        store(tmp_path.as_uri(), lambda: "client"),
    ]


@pytest.mark.parametrize("uri", ["gs://bucket/lake", "s3:///lake"])
def test_an_address_of_no_store_is_refused(uri):
    with pytest.raises(StoreError, match=uri):
        store(uri, lambda: None)
