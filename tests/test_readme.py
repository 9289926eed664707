"""The README's commands are run, in order, and print what it shows."""

import contextlib
import io
import re
import shlex
from pathlib import Path

import pytest

from glue_jobs.main import main

README = Path(__file__).parent.parent / "README.md"
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)


def steps():
    """Every `$ lake …` of the README with the lines shown below it."""
    for block in BLOCK.findall(README.read_text()):
        for part in block.split("$ ")[1:]:
            command, _, shown = part.partition("\n")
            if command.startswith("lake "):
                yield command, shown


def printed(command):
    words, _, target = command.partition(" > ")
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = main(shlex.split(words)[1:])
    if target:
        Path(target).write_text(out.getvalue())
        return code, ""
    return code, out.getvalue()


def test_the_readmes_commands_print_what_it_shows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LAKE", raising=False)
    found = list(steps())
    assert len(found) >= 10
    for command, shown in found:
        code, out = printed(command)
        assert code == 0, command
        assert out.startswith(shown), command


@pytest.mark.parametrize("target", ["demo", "test"])
def test_the_two_set_up_commands_are_make_targets(target):
    makefile = (README.parent / "Makefile").read_text()
    assert f"$ make {target}" in README.read_text()
    assert f"\n{target}: setup" in makefile


def test_every_file_that_the_readme_links_to_is_there():
    links = re.findall(r"\]\(([\w.]+\.md)\)", README.read_text())
    assert links
    assert [link for link in links if not (README.parent / link).exists()] == []
