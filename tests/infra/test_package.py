"""What `make package` builds: the same bytes twice, small, complete."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile

import pytest

from infra.cold_start import line, start
from infra.package import (
    FUNCTIONS,
    ROOT,
    Artifact,
    archive,
    artifacts,
    build_id,
    function_files,
    main,
)
from tests.infra.lambda_host import __file__ as host

MOST_BYTES = 5 * 10**6


@pytest.fixture(scope="module")
def files(built):
    return {each.name: each.data for each in built}


def test_the_same_tree_is_built_the_same(built):
    again = artifacts()
    assert [each.name for each in again] == [each.name for each in built]
    assert build_id(again) == build_id(built)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_small(files, name):
    assert len(files[f"{name}.zip"]) < MOST_BYTES


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_functions_archive_holds_no_other_functions_handler(name):
    handlers = {path for path in function_files(ROOT, name) if path.endswith("/handler.py")}
    assert handlers == {f"lambdas/{name}/handler.py"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_imports_from_its_archive_and_the_runtime_alone(files, name, tmp_path):
    import boto3

    zipfile.ZipFile(io.BytesIO(files[f"{name}.zip"])).extractall(tmp_path)
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    here = boto3.__file__.rpartition("/boto3/")[0]
    for library in ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six.py"):
        (runtime / library).symlink_to(f"{here}/{library}")
    command = [sys.executable, "-I", "-S", host, str(tmp_path),
               f"lambdas.{name}.handler.handler", str(runtime)]  # fmt: skip
    done = subprocess.run(command, input="", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["from"].startswith(str(tmp_path))


def test_the_jobs_program_runs_from_its_archive(files, tmp_path):
    archive = tmp_path / "contact_lake.zip"
    archive.write_bytes(files["contact_lake.zip"])
    asked = "m.main(['query', '--list', '--format', 'csv'])"
    program = f"import glue_jobs.main as m; print(m.__file__); {asked}"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(archive)}, cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    where, header = done.stdout.splitlines()[:2]
    assert where.startswith(str(archive))
    assert header.startswith("query,parameter")


def test_the_jobs_install_what_is_pinned_by_hash_and_bring_no_spark(files):
    text = files["requirements.txt"].decode()
    pinned = [line for line in text.splitlines() if line and line[0] not in " #"]
    assert all("==" in line for line in pinned)
    assert text.count("--hash=sha256:") >= len(pinned)
    assert not any(line.startswith(("pyspark", "moto")) for line in pinned)


def test_a_cold_start_is_told_with_its_sizes(built):
    found = start(next(each for each in built if each.name == "routing.zip"), rounds=1)
    assert (found.name, found.packed_bytes < found.bytes < MOST_BYTES) == ("routing", True)
    assert 0 < found.import_s < 20
    assert line(found).split()[0] == "routing"


def test_what_a_function_costs_to_import_is_measured_from_its_archive(built):
    broken = Artifact("routing.zip", archive({"lambdas/__init__.py": b""}))
    with pytest.raises(subprocess.CalledProcessError):
        start(broken, rounds=1)


def test_building_tells_the_sizes(tmp_path, capsys):
    assert main(["--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out.count(str(tmp_path)) == len(list(tmp_path.iterdir()))
