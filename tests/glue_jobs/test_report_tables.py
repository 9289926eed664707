"""Every table of the page, read back out of it, says what the lake's questions and tables say."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from datetime import date
from types import SimpleNamespace

import pytest

from glue_jobs.check import conservation
from glue_jobs.query import answer
from glue_jobs.rejects import _note as note_replayed
from glue_jobs.rejects import rejects
from glue_jobs.report.figures import Period, figures
from glue_jobs.report.grid import SUPPRESSED
from glue_jobs.report.page import page
from glue_jobs.report.section import asked as asked_by
from glue_jobs.report.sections import all_grids, report
from queries.question import question
from tests.lake_program import run as run_command
from tests.report_lake import SMALL, rejected, report_lake
from tests.report_page import Page
from tests.transforms.landed import at
from transforms import tables

DAYS = {"from_day": "2026-01-05", "to_day": "2026-01-25"}
WEEKS = (
    {"from_day": "2026-01-19", "to_day": "2026-01-25"},
    {"from_day": "2026-01-12", "to_day": "2026-01-18"},
)
GROUP = "Team A"


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    with report_lake(tmp_path_factory.mktemp("tables") / "lake") as small:
        rejected(small, "not_json", 3)
        yield small


@pytest.fixture(scope="module")
def pages(lake):
    """The page of all with current scores, and one manager's."""

    def made(**choice):
        found = figures(lake, **choice)
        return Page(page(found, report(found), at("2026-01-26T09:00")))

    return SimpleNamespace(whole=made(has_scores=True), group=made(group=GROUP))


def asked(lake, name, **given):
    return answer(lake, question(name), {**DAYS, **given}).to_pylist()


def calls_by_category(lake):
    now, then = (
        {row["category"]: row["contacts"] for row in asked(lake, "calls_by_category", **days)}
        for days in WEEKS
    )
    return [
        row | {"lately": now[name], "change": now[name] / then[name] - 1}
        for row in asked(lake, "calls_by_category")
        for name in (row["category"],)
    ]


def wait_by_hour(lake):
    rows = asked(lake, "wait_by_hour")
    waits = Counter()
    for row in rows:
        waits[row["queue_name"]] += row["wait_minutes"]
    found = {(row["queue_name"], row["local_hour"]): row["avg_wait_s"] for row in rows}
    return [
        {"Queue": name} | {str(hour): found.get((name, hour)) for hour in range(24)}
        for name, _ in waits.most_common()
    ]


def agent_skills(lake):
    rows = asked(lake, "agent_skills")
    learns = {
        (row["agent_username"], row["skill"]): f"learn {row['place']}"
        for row in lake.read(tables.UPSKILLING_RECOMMENDATION).to_pylist()
    }
    marks = learns | {(row["agent_username"], row["skill"]): "has" for row in rows}
    agents = sorted({(row["agent_hierarchy_group"], row["agent_username"]) for row in rows})
    return [
        {"agent": agent, "group": group} | {s: marks.get((agent, s)) for s in sorted(SMALL.queues)}
        for group, agent in agents
    ]


def upskilling_recommendation(lake):
    rows = lake.read(tables.UPSKILLING_RECOMMENDATION).to_pylist()
    return [
        row | {"why": " ".join(row["reasons"]), "instead": " ".join(row["alternatives"])}
        for row in sorted(rows, key=lambda row: row["place"])
    ]


def groups(lake):
    rows = asked(lake, "agent_skills")
    planned = Counter(
        row["agent_hierarchy_group"]
        for row in lake.read(tables.UPSKILLING_RECOMMENDATION).to_pylist()
    )
    found = []
    for name in sorted({row["agent_hierarchy_group"] for row in rows}):
        mine = [row["agent_username"] for row in rows if row["agent_hierarchy_group"] == name]
        agents = len(set(mine))
        shown = {"agents": agents, "skills": len(mine) / agents, "trainings": planned[name]}
        found.append({"agent_hierarchy_group": name} | hidden_below_five(shown))
    return found


def group_calls(lake):
    rows = [r for r in asked(lake, "group_calls") if r["agent_hierarchy_group"] == GROUP]
    assert rows
    return [hidden_below_five(row) for row in rows]


def hidden_below_five(row):
    texts = ("category", "task", "agent_hierarchy_group")
    return row if row["agents"] >= 5 else {n: row[n] if n in texts else SUPPRESSED for n in row}


def automation_candidate(lake):
    rows = [
        row | {"candidate": ("no", "yes")[row["is_eligible"]], "reasons": "; ".join(row["reasons"])}
        for row in lake.read(tables.AUTOMATION_CANDIDATE).to_pylist()
    ]
    return sorted(rows, key=lambda row: (-row["is_eligible"], -row["hours_saved"]))


def run(lake):
    return [
        {name: sum(n for _, n in row[name]) for name in ("landed", "rejected", "days")}
        | {"finished_at": f"{row['finished_at']:%Y-%m-%d %H:%M}", "tables": len(row["days"])}
        | {"code_version": row["code_version"]}
        for row in lake.read(tables.RUN).to_pylist()
    ]


EXPECTED = {
    "agent_skills": agent_skills,
    "automation_candidate": automation_candidate,
    "calls_by_category": calls_by_category,
    "conservation": lambda lake: conservation(lake).to_pylist(),
    "group_calls": group_calls,
    "groups": groups,
    "rejects": lambda _: [{"reason": "not_json", "records": 3}],
    "routing_effect": lambda lake: asked(lake, "routing_effect"),
    "run": run,
    "skill_bottlenecks": lambda lake: asked(lake, "skill_bottlenecks"),
    "upskilling_recommendation": upskilling_recommendation,
    "wait_by_hour": wait_by_hour,
    "workload_score": lambda lake: lake.read(tables.WORKLOAD_SCORE).to_pylist(),
}


def as_text(value):
    """A figure to nine digits: sums of doubles depend on their order in the last few."""
    try:
        return f"{float(value):.9g}"
    except (TypeError, ValueError):
        return "" if value is None else str(value)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_table_of_the_page_says_what_the_lake_says(lake, pages, name):
    on_page = (pages.group if name == "group_calls" else pages.whole).rows(name)
    columns = list(on_page[0])
    expected = [{c: as_text(row[c]) for c in columns} for row in EXPECTED[name](lake)]
    assert expected == [{c: as_text(row[c]) for c in columns} for row in on_page]


@pytest.mark.parametrize("name", EXPECTED)
def test_the_command_below_a_table_answers_with_its_rows(lake, pages, sources, name):
    """As many rows as the table's, but of a table that adds rows up; and it changes nothing."""
    before = lake.snapshot(name) if name in tables.BY_NAME else None
    answered = run_command(*sources[name], "--lake", lake.settings.lake, "--format", "json").rows
    if name in SAME_ROWS:
        on_page = (pages.group if name == "group_calls" else pages.whole).rows(name)
        assert len(answered) == len(on_page)
    assert answered
    assert before == (lake.snapshot(name) if name in tables.BY_NAME else None)


HEAT = ("wait_by_hour",)
# `lake check` tells more than conservation; the others are one row a figure, and tables of many.
SAME_ROWS = EXPECTED.keys() - {"conservation", "agent_skills", "groups", "wait_by_hour"}


@pytest.fixture(scope="module")
def sources(lake):
    """By table, the words of the command below it, after `lake`."""
    found = {}
    for choice in ({"has_scores": True}, {"group": GROUP}):
        made = report(figures(lake, **choice))
        found |= {each.name: each.source for each in all_grids(made)}
        found |= {name: s.heat.source for s in made.sections if s.heat for name in HEAT}
    return {name: shlex.split(source)[1:] for name, source in found.items()}


def test_no_table_of_the_page_is_left_unread(pages):
    assert pages.whole.tables.keys() | pages.group.tables.keys() == EXPECTED.keys()


def test_a_bad_record_that_was_replayed_is_no_longer_counted(tmp_path):
    with report_lake(tmp_path / "lake", SMALL._replace(days=7)) as other:
        rejected(other, "not_json", 3)
        first = next(iter(rejects(other.store)))
        note_replayed(other.store, [first])
        assert figures(other)["rejects"] == [{"reason": "not_json", "records": 2}]


def test_a_command_below_a_table_is_one_word_for_each_argument():
    period = Period(date(2026, 1, 5), date(2026, 1, 6), date(2026, 1, 5))
    hostile = "Team'; rm -rf ~ #"
    words = shlex.split(asked_by("group_calls", period, group=hostile))
    assert words[-1] == f"--param=group={hostile}"


def test_what_is_shown_is_what_is_downloaded_rounded(pages):
    """A figure's text is its value to the digits shown; a share's in per cent."""
    figures_shown = [
        (float(found[1].replace(",", "")), 100 * float(value) if "%" in text else float(value),
         0.51 * 10 ** -len(found[2] or ""))
        for each in (pages.whole, pages.group)
        for text, value in each.shown
        if (found := re.match(r"(-?[\d,]+(?:\.(\d+))?)(?: |$|▪)", text)) and is_number(value)
    ]  # fmt: skip
    assert len(figures_shown) > 200
    assert [each for each in figures_shown if abs(each[0] - each[1]) > each[2]] == []


def is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def test_the_calls_at_the_top_are_the_queries(lake, pages):
    calls = sum(row["contacts"] for row in asked(lake, "calls_by_category"))
    assert re.search(rf"Calls\s*{calls:,}\b", pages.whole.text)
