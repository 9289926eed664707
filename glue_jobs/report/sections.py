"""The report's sections: what each tells in tables, pictures and words. Pure: figures in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from glue_jobs.report import charts, people, quality
from glue_jobs.report.figures import Figures, Period, Rows
from glue_jobs.report.grid import BELOW, BESIDE, Grid, Head, grid
from glue_jobs.report.heat import Heat, heat
from glue_jobs.report.section import Links, Section, asked, recorded

_CI = "Half of the 95 % interval, over days as blocks"

_CALLS = (
    Head("category", "Category", "text", "What the contact is about, by taxonomy.toml"),
    Head("task", "Task", "text", "What is to be done about it, by taxonomy.toml"),
    Head("contacts", "Calls", "count", "Contacts that began in the period"),
    Head("contacts_share", "Share", "share", "Of all calls of the period"),
    Head("lately", "Last week", "count", "Calls of the last seven days"),
    Head("change", "Change", "share", "Calls of the last seven days against the seven before"),
    Head("contacts_abandoned", "Abandoned", "count", "Queued, and left without reaching an agent"),
    Head("avg_handle_time_s", "Handle time", "s", "Mean talk, hold and work after the contact"),
    Head("handle_hours", "Agent hours", "hours", "Handle time of all of them"),
    Head("wait_minutes", "Wait-minutes", "minutes", "Time in queue, all queued contacts together"),
)
_BOTTLENECKS = (
    Head("skill", "Skill", "text", "What the work needs, by taxonomy.toml: a queue unless mapped"),
    Head("rank", "Rank", "count", "By wait-minutes: they add up, and show where one more helps"),
    Head(
        "verdict",
        "Bottleneck",
        "text",
        "likely: its share of each day's waiting is above an equal share, tested at 5 %; "
        "possible: the days do not tell; a dash: below an equal share",
    ),
    Head("wait_minutes_per_day", "Wait a day", "minutes", "Time in queue of all callers, a day"),
    Head("wait_minutes_per_day_ci95", "± 95 %", "minutes", _CI, BESIDE),
    Head("wait_share", "Share", "share", "Of all waiting"),
    Head("avg_wait_s", "Mean wait", "s", "Time in queue of a contact"),
    Head("avg_wait_s_ci95", "± 95 %", "s", _CI, BESIDE),
    Head("load", "Load", "ratio", "Work offered over time staffed; near 1 there is no reserve"),
    Head(
        "cause",
        "Cause of change",
        "text",
        "Largest part of the change of load since as many days before; a dash: no days before",
    ),
    Head("contacts_queued", "Queued", "count", "Contacts that entered the queue"),
    Head("abandonment_rate", "Abandoned", "share", "Of those queued, left without an agent"),
    Head("service_level_20_removed", "In 20 s", "share", "Left the queue in under 20 s, however"),
    Head("agents", "Agents", "count", "Most agents who were there with the skill at once"),
    Head(
        "overlap_hours",
        "Idle beside",
        "hours",
        "Idle time of agents without the skill while its callers waited",
    ),
    Head(
        "from_volume",
        "Change from volume",
        "ratio",
        "Part of the change of log load: contacts",
        BELOW,
    ),
    Head(
        "from_handle_time",
        "Change from handle time",
        "ratio",
        "Part of it: time a contact takes",
        BELOW,
    ),
    Head("from_staffing", "Change from staffing", "ratio", "Part of it: agents' time there", BELOW),
    Head(
        "from_concentration",
        "Change from concentration",
        "ratio",
        "Part of it: how many skills they share",
        BELOW,
    ),
)
_ROUTING = (
    Head("routed_by", "Policy", "text", "Routing policy that decided, by the contact's attributes"),
    Head("contacts", "Calls", "count", "Contacts whose flow asked the router"),
    Head("fallback_share", "Fell back", "share", "Nobody was named: the default queue"),
    Head("fallback_share_ci95", "± 95 %", "share", _CI, BESIDE),
    Head("placed_share", "Placed", "share", "Taken by an agent who was named"),
    Head("placed_first_share", "By the first", "share", "Taken by the agent named first"),
    Head("owner_share", "Own agent", "share", "Of customers with one, taken by their agent"),
    Head("abandoned_share", "Abandoned", "share", "Left without reaching an agent"),
    Head("avg_wait_s", "Mean wait", "s", "Time in queue, over all these contacts"),
    Head("avg_wait_s_ci95", "± 95 %", "s", _CI, BESIDE),
    Head("agents_cv", "Spread", "ratio", "Of contacts over agents: standard deviation over mean"),
)
_AUTOMATION = (
    Head("category", "Category", "text", "What the contact is about"),
    Head("task", "Task", "text", "What is to be done about it"),
    Head("candidate", "Candidate", "text", "Keeps to every limit; sensitive work is never one"),
    Head("contacts", "Calls", "count", "Contacts handled in the 28 days before"),
    Head("median_handle_s", "Handle time", "s", "Median"),
    Head("quartile_dispersion", "Dispersion", "ratio", "Handle times: (Q3 - Q1) / (Q3 + Q1)"),
    Head("automatable_share", "Automatable", "share",
         "1 less dispersion, transfers, holds and mixed paths, multiplied"),
    Head("hours_saved", "Hours saved", "hours", "Handle hours × automatable share × containment"),
    Head("wait_change_s", "Wait", "s", "Change of the mean wait without that load, simulated"),
    Head("wait_change_ci95", "± 95 %", "s", "Half of the 95 % interval of that change", BESIDE),
    Head("reasons", "Why not", "text", "Limits that it does not keep to", BELOW),
)  # fmt: skip


Definitions = tuple[str, tuple[tuple[str, str], ...]]


class Report(NamedTuple):
    """Sections in reading order, and each table's terms with their meanings."""

    sections: tuple[Section, ...]
    definitions: tuple[Definitions, ...]


def report(figures: Figures, links: Links = ()) -> Report:
    """The sections of a report; those of a group of agents if it is one manager's.

    `links`: text and address of further pages about the data.
    """
    sections = (
        _calls(figures),
        *(people.group_calls(figures) if figures.group else ()),
        _waiting(figures),
        _bottlenecks(figures),
        people.matrix(figures),
        people.plan(figures),
        *(() if figures.group else people.groups(figures)),
        _routing(figures),
        _automation(figures),
        *people.scores(figures),
        quality.section(figures, links),
        quality.history(figures),
    )
    return Report(sections, tuple(_defined(sections)))


def _defined(sections: Sequence[Section]) -> Iterator[Definitions]:
    for section in sections:
        if section.heat:
            yield section.heat.caption, ((section.heat.caption, section.heat.meaning),)
        for each in section.grids:
            labels: dict[str, list[str]] = {}
            for head in each.heads:
                labels.setdefault(head.meaning, []).append(head.label)
            unique = {meaning: dict.fromkeys(names) for meaning, names in labels.items()}
            yield each.caption, tuple((", ".join(names), m) for m, names in unique.items())


def _calls(figures: Figures) -> Section:
    period = figures.period
    rows = with_trend(
        figures["calls_by_category"], figures["calls_lately"], figures["calls_before"], period
    )
    return Section(
        "calls",
        "What people call about",
        _trend_words(period),
        (grid("calls_by_category", "Calls by category and task", asked("calls_by_category", period),
              _CALLS, rows, people="contacts"),),
        charts.calls_by_day(figures["calls_by_period"]),
    )  # fmt: skip


def with_trend(rows: Rows, lately: Rows, before: Rows, period: Period) -> Rows:
    """Each category and task with its calls of the last week, and their change (share)."""
    now, then = (
        {(row["category"], row["task"]): row["contacts"] for row in side}
        for side in (lately, before)
    )
    return [row | _trend(row, now, then, period) for row in rows]


def _trend(
    row: dict[str, object],
    now: dict[tuple[str, str], int],
    then: dict[tuple[str, str], int],
    period: Period,
) -> dict[str, object]:
    key = (str(row["category"]), str(row["task"]))
    if not period.has_trend:
        return {"lately": None, "change": None}
    was = then.get(key, 0)
    return {"lately": now.get(key, 0), "change": now.get(key, 0) / was - 1 if was else None}


def _trend_words(period: Period) -> str:
    if not period.has_trend:
        return "The most agent work first. A trend needs two weeks of calls."
    return (
        f"The most agent work first. Trend: {period.lately.first} to {period.lately.last} against "
        f"{period.before.first} to {period.before.last}."
    )


def _waiting(figures: Figures) -> Section:
    rows = figures["wait_by_hour"]
    found: Heat = heat(rows, asked("wait_by_hour", figures.period, zone=figures.zone))
    return Section(
        "waiting",
        "When people wait",
        f"Mean wait in seconds by queue and hour of the clock in {figures.zone}. More marks and a "
        "darker field mean a longer wait; an empty field had no calls.",
        (),
        heat=found,
    )


def _bottlenecks(figures: Figures) -> Section:
    return Section(
        "bottlenecks",
        "Which skill is the bottleneck",
        "Ranked by the time that callers spent waiting. Where the interval is a dash, the days "
        "are too few.",
        (grid("skill_bottlenecks", "Skills by waiting", asked("skill_bottlenecks", figures.period),
              _BOTTLENECKS, figures["skill_bottlenecks"]),),
        charts.bottlenecks(figures["skill_bottlenecks"]),
    )  # fmt: skip


def _routing(figures: Figures) -> Section:
    return Section(
        "routing",
        "What routing brings",
        "Policies side by side, over contacts whose flow asked the router.",
        (grid("routing_effect", "Routing by policy", asked("routing_effect", figures.period),
              _ROUTING, figures["routing_effect"], people="contacts",
              empty="No contact of this period was routed by the lake's router."),),
    )  # fmt: skip


def _automation(figures: Figures) -> Section:
    rows: Rows = [
        row | {"candidate": "yes" if row["is_eligible"] else "no",
               "reasons": "; ".join(row["reasons"] or ()) or None}
        for row in sorted(
            figures["automation_candidate"],
            key=lambda row: (-(row["is_eligible"] or 0), -(row["hours_saved"] or 0),
                             -(row["contacts"] or 0)),
        )
    ]  # fmt: skip
    return Section(
        "automation",
        "What a machine could do",
        _automation_words(rows),
        (grid("automation_candidate", "Repetitive work", recorded("automation_candidate"),
              _AUTOMATION, rows, people="contacts",
              empty="Not worked out yet: run lake automation."),),
    )  # fmt: skip


def _automation_words(rows: Sequence[dict[str, object]]) -> str:
    candidates = sum(row["candidate"] == "yes" for row in rows)
    return f"{candidates} of {len(rows)} categories and tasks keep to every limit."


def all_grids(made: Report) -> tuple[Grid, ...]:
    """Every table of the report, in order."""
    return tuple(each for section in made.sections for each in section.grids)
