"""`lake demo` does the main job, and its funnel closes."""

import re

import pytest

from glue_jobs.main import main


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """What the demo of a small centre prints, run as a person would."""
    import contextlib
    import io

    folder = tmp_path_factory.mktemp("demo") / "lake"
    out = io.StringIO()
    arguments = ["demo", "--lake", str(folder), "--days", "3", "--agents", "40"]
    with contextlib.redirect_stdout(out):
        code = main([*arguments, "--understaffed", "Claims"])
    return code, out.getvalue(), folder


def rows(text, title):
    block = text.partition(title)[2].split("\n\n")[0]
    header, *lines = [re.split(r"\s{2,}", line.strip()) for line in block.strip().splitlines()]
    return [dict(zip(header, line, strict=True)) for line in lines[:-1]]


def test_the_demo_ends_well(shown):
    assert shown[0] == 0


def test_every_record_produced_is_accounted_for(shown):
    funnel = rows(shown[1], "Funnel: every record produced is accounted for\n")
    assert {row["unaccounted"] for row in funnel} == {"0"}
    assert {row["kind"] for row in funnel} == {
        "contact_record",
        "agent_event",
        "work_item",
        "(not records)",
    }
    assert all(int(row["produced"]) > 0 for row in funnel)


def test_the_queue_that_lacks_agents_is_the_first_bottleneck(shown):
    assert rows(shown[1], "Which skill is the bottleneck?\n")[0]["skill"] == "Claims"


def test_three_calls_are_routed_each_with_its_reason(shown):
    decisions = re.findall(r"^Routed call: .*\n  (\w+): (\w+)", shown[1], re.MULTILINE)
    assert decisions == [
        ("CANDIDATES", "ASSOCIATED_AGENT"),
        ("CANDIDATES", "NO_LIVE_STATE"),
        ("DEFAULT", "NO_CANDIDATES"),
    ]


def test_the_demo_replaces_its_own_lake_only(shown, tmp_path, capsys):
    other = tmp_path / "mine"
    other.mkdir()
    (other / "precious").touch()
    assert main(["demo", "--lake", str(other)]) == 14
    assert (other / "precious").exists()
    assert "wants a lake of its own" in capsys.readouterr().err
