"""Every notebook runs clean on a small lake, and is committed without output."""

import json
import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from glue_jobs.main import main

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """A lake of two days of a small centre."""
    folder = tmp_path_factory.mktemp("notebooks")
    records, lake = str(folder / "records"), str(folder / "lake")
    assert main(["simulate", "--days", "2", "--agents", "12", "--out", records]) == 0
    assert main(["ingest", "--lake", lake, records]) == 0
    assert main(["build", "--lake", lake]) == 0
    return lake


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the notebook kernel's own
def test_a_notebook_runs_clean(path, lake):
    notebook = nbformat.read(path, as_version=4)
    environment = {**os.environ, "LAKE": lake, "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    NotebookClient(notebook, timeout=120).execute(env=environment)
    outputs = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.outputs]
    assert len(outputs) >= 3


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_committed_without_output(path):
    cells = json.loads(path.read_text())["cells"]
    assert [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")] == []
