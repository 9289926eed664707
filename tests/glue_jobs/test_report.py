"""The managers' report: figures are the queries' own, names harmless, groups not small."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import pytest

from glue_jobs.query import answer
from glue_jobs.report.figures import NothingToReportError, Period, figures, period_of
from glue_jobs.report.grid import SUPPRESSED
from glue_jobs.report.headline import headline
from glue_jobs.report.page import facts, page
from glue_jobs.report.sections import all_grids, report
from glue_jobs.report.summary import summary
from queries.question import question
from tests.lake_program import outcome, run
from tests.report_lake import SMALL, rejected, report_lake
from tests.report_page import Page
from tests.transforms.landed import at

NOW = at("2026-01-26T09:00")
DAYS = {"from_day": "2026-01-05", "to_day": "2026-01-25"}
HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"' onmouseover=alert(1) x='",
    "</title></style></script><svg onload=alert(1)>",
    '=HYPERLINK("http://example.org")',
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "&lt;b&gt;\u202e\u0000\u2028",
)  # fmt: skip


def made(lake, **choice):
    found = figures(lake, **choice)
    return SimpleNamespace(
        figures=found, page=Page(page(found, report(found), NOW)), text=summary(found, NOW)
    )


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    with report_lake(tmp_path_factory.mktemp("report") / "lake") as small:
        rejected(small, "not_json", 3)
        yield small


@pytest.fixture(scope="module")
def whole(lake):
    return made(lake)


@pytest.fixture(scope="module")
def hidden(lake):
    return made(lake, is_pseudonymous=True)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    names = {"queues": HOSTILE, "agents": HOSTILE * 2, "categories": HOSTILE}
    agents = tuple(f"{name}{place}" for place, name in enumerate(names["agents"]))
    size = SMALL._replace(**(names | {"agents": agents, "groups": HOSTILE[:2]}))
    with report_lake(tmp_path_factory.mktemp("hostile") / "lake", size) as lake:
        found = figures(lake)
        yield page(found, report(found), NOW)


def asked(lake, name, **given):
    return answer(lake, question(name), {**DAYS, **given}).to_pylist()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, (1, 2)),
        ({"last": date(2026, 1, 3)}, (1, 3)),
        ({"first": date(2026, 1, 2)}, (2, 2)),
        ({"first": date(2026, 1, 3)}, (3, 3)),
    ],
)
def test_a_day_that_is_not_over_is_left_out_unless_asked_for_or_alone(given, expected):
    known = [date(2026, 1, day) for day in (1, 2, 3)]
    period = period_of(known, known[-1], **given)
    assert (period.first.day, period.last.day) == expected


def test_a_trend_ends_with_the_last_whole_day():
    known = [date(2026, 1, day) for day in range(1, 18)]
    period = period_of(known, known[-1], last=known[-1])
    weeks = [(each.first.day, each.last.day) for each in (period.lately, period.before)]
    assert weeks == [(10, 16), (3, 9)]


@pytest.mark.parametrize(
    ("last", "told"),
    [
        (None, "2026-01-01 to 2026-01-16, 16 days; 2026-01-17 is not over yet and left out"),
        (17, "2026-01-01 to 2026-01-17, 17 days; 2026-01-17 is not over yet"),
        (10, "2026-01-01 to 2026-01-10, 10 days"),
    ],
)
def test_the_page_tells_of_a_day_that_is_not_over(whole, last, told):
    known = [date(2026, 1, day) for day in range(1, 18)]
    period = period_of(known, known[-1], last=last and date(2026, 1, last))
    assert facts(replace(whole.figures, period=period), NOW)[0] == ("Period (UTC days)", told)


@pytest.mark.parametrize(("earliest", "has_trend"), [(12, True), (13, False)])
def test_a_trend_needs_two_whole_weeks_in_the_lake(earliest, has_trend):
    period = Period(date(2026, 1, 20), date(2026, 1, 25), date(2026, 1, earliest))
    assert period.has_trend is has_trend


def test_the_headline_names_the_longest_wait_and_the_first_two_trainings(whole):
    worst = whole.figures["skill_bottlenecks"][0]
    expected = (
        f"Waits are longest for Claims ({100 * worst['wait_share']:.0f} % of all waiting); "
        "training agent.02 and agent.05 in Claims would cut all waiting by 18 % (15–21 %)."
    )
    assert whole.text.splitlines()[2] == expected
    assert expected in whole.page.text


@pytest.mark.parametrize(
    ("places", "said"),
    [
        ((1, 2), "training agent.02 and agent.05 in Claims would cut all waiting by 18 %"),
        ((1, 3), "training agent.02 in Claims would cut all waiting by 12 %"),
        ((4, 5), "training agent.02 and agent.05 in Claims, after those before in the plan, would"),
    ],
)
def test_only_cuts_that_follow_each_other_in_the_plan_are_added(whole, places, said):
    plans = whole.figures["upskilling_recommendation"]
    moved = [row | {"place": place} for row, place in zip(plans, places, strict=True)]
    answers = {**whole.figures.answers, "upskilling_recommendation": moved}
    assert said in headline(replace(whole.figures, answers=answers))


def test_trainings_in_several_skills_are_told_with_each(whole):
    plans = whole.figures["upskilling_recommendation"]
    other = [plans[0] | {"skill": "Sales"}, plans[1]]
    answers = {**whole.figures.answers, "upskilling_recommendation": other}
    said = "Waits are longest for Claims"
    told = headline(replace(whole.figures, answers=answers))
    assert told.startswith(said)
    assert "; training agent.02 in Sales and agent.05 in Claims would cut all waiting" in told


def test_every_section_is_there(whole):
    sections = [each.name for each in report(whole.figures).sections]
    assert sections == [
        "calls", "waiting", "bottlenecks", "skills", "upskilling", "groups", "routing",
        "automation", "quality", "history",
    ]  # fmt: skip


def test_every_figure_has_a_definition(whole):
    made_ = report(whole.figures)
    meant = {meaning for _, terms in made_.definitions for _, meaning in terms}
    heads = {head.meaning for each in all_grids(made_) for head in each.heads}
    assert heads <= meant
    assert "" not in meant


def test_conservation_and_rejects_are_told(whole):
    [kept] = whole.page.rows("conservation")
    assert (kept["landed"], kept["unaccounted"]) == ("110", "0")
    assert whole.page.rows("rejects") == [{"reason": "not_json", "records": "3"}]


def test_the_share_without_a_category_is_the_queries(lake, whole):
    rows = asked(lake, "calls_by_category")
    share = sum(r["contacts_share"] for r in rows if r["category"] == "uncategorised")
    assert f"Uncategorised: {100 * share:.1f} % of calls." in whole.text


def test_with_pseudonyms_no_agent_is_named(hidden):
    everything = hidden.page.text + hidden.text + str(hidden.page.tables)
    assert [name for name in SMALL.agents if name in everything] == []


def test_a_pseudonym_is_the_same_in_every_report(lake, hidden):
    again = made(lake, is_pseudonymous=True, first=date(2026, 1, 12))
    assert again.page.rows("agent_skills") == hidden.page.rows("agent_skills")


def test_with_pseudonyms_a_group_under_five_is_left_out(hidden):
    groups = {row["group"] for row in hidden.page.rows("agent_skills")}
    assert groups == {"Team A", "Team B"}
    assert "4 agents of groups under five are left out." in hidden.page.text


def test_a_group_under_five_has_no_figures(whole):
    shown = {row["agent_hierarchy_group"]: row["agents"] for row in whole.page.rows("groups")}
    assert shown == {"Team A": "6", "Team B": "6", "Team C": SUPPRESSED}


def test_one_manager_s_report_is_about_one_group(lake):
    found = made(lake, group="Team A")
    assert {row["agent"] for row in found.page.rows("agent_skills")} == set(SMALL.agents[:6])
    handled = [r for r in asked(lake, "group_calls") if r["agent_hierarchy_group"] == "Team A"]
    assert [int(row["contacts_handled"]) for row in found.page.rows("group_calls")] == [
        row["contacts_handled"] for row in handled
    ]


def test_a_group_s_work_by_fewer_than_five_is_not_told(lake):
    rows = made(lake, group="Team C").page.rows("group_calls")
    assert rows
    assert {row["contacts_handled"] for row in rows} == {SUPPRESSED}


def test_an_unknown_group_is_told_which_there_are(lake):
    with pytest.raises(NothingToReportError, match=r"no group 'Team X'.*'Team A'"):
        figures(lake, group="Team X")


def test_a_period_without_calls_is_refused(lake):
    with pytest.raises(NothingToReportError, match="no calls in that period"):
        figures(lake, first=date(2030, 1, 1))


def test_hostile_names_make_no_element_handler_or_address(whole, hostile):
    seen = Page(hostile)
    assert (seen.scripts, seen.handlers) == (1, [])
    assert set(seen.addresses) == set(whole.page.addresses)


def test_hostile_names_are_no_formulas_in_a_download(hostile):
    values = [value for table in Page(hostile).tables.values() for row in table for value in row]
    assert [value for value in values if value.startswith("=")] == []
    assert any(value.startswith("'=HYPERLINK") for value in values)


def test_the_page_names_no_address_but_its_own_sections(whole):
    assert [each for each in whole.page.addresses if not each.startswith(("#", "data:,"))] == []


def test_the_command_writes_one_page_and_prints_the_text(lake, tmp_path):
    out = tmp_path / "page.html"
    done = run("report", "--lake", lake.settings.lake, "--out", str(out), "--text")
    assert done.out.startswith("Contact centre report\n\nWaits are longest for Claims")
    assert Page(out.read_text()).tables.keys() >= {"calls_by_category", "agent_skills", "run"}


def test_the_audit_is_great_expectations_own_page_and_linked(lake, tmp_path):
    out, audit = tmp_path / "page.html", tmp_path / "audit.html"
    run("report", "--lake", lake.settings.lake, "--out", str(out), "--audit", str(audit))
    link = r'<a href="audit\.html">Great Expectations, over all tables: '
    assert re.search(link, out.read_text())
    assert "Great Expectations" in audit.read_text()


def test_a_report_of_nothing_says_where_to_look(tmp_path):
    run("create", "--lake", str(tmp_path / "lake"))
    lake = str(tmp_path / "lake")
    done = outcome("report", "--lake", lake, "--text")
    told = f"lake report: {lake} has no contacts yet; run `lake ingest` and `lake build` first"
    assert (done.code, done.err.splitlines()[-1]) == (3, told)
