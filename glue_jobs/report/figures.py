"""What the report tells, asked of the lake: questions of `queries/`, and the plans on record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from glue_jobs.check import conservation
from glue_jobs.lake import Lake
from glue_jobs.query import answer
from glue_jobs.rejects import rejects
from glue_jobs.report.names import AS_THEY_ARE, Names, pseudonyms
from glue_jobs.route import tokens
from glue_jobs.score import known_until
from glue_jobs.show import Report
from ingestion.errors import LakeError
from queries.question import question
from transforms import tables

PERIOD_DAYS = 28
RUNS = 10
_OF_A_GROUP = ("agent_skills", "group_calls", "upskilling_recommendation")
_CALLS = tables.CALLS_BY_CATEGORY_QUEUE.name

Rows = list[dict[str, Any]]


def quiet(what: str, done: int, total: int) -> None:
    """Tell nobody how far it is."""


class NothingToReportError(LakeError):
    """The lake has no calls in the period, or no such group of agents."""

    exit_code = 3


class Period(NamedTuple):
    """UTC days, both ends included, that the figures are over."""

    first: date
    last: date
    earliest: date  # that the lake has calls of
    unfinished: date | None = None  # of which the lake knows the beginning: in it, or left out

    @property
    def days(self) -> int:
        """How many days."""
        return (self.last - self.first).days + 1

    @property
    def lately(self) -> Period:
        """The last seven whole days of the period."""
        last = self.last - timedelta(days=int(self.last == self.unfinished))
        return self._replace(first=last - timedelta(days=6), last=last)

    @property
    def before(self) -> Period:
        """The seven days before those."""
        week, lately = timedelta(days=7), self.lately
        return self._replace(first=lately.first - week, last=lately.last - week)

    @property
    def has_trend(self) -> bool:
        """Whether the lake knows two whole weeks: other days would not compare like with like."""
        return self.earliest <= self.before.first

    def parameters(self) -> dict[str, str]:
        """The period as a question's parameters."""
        return {"from_day": self.first.isoformat(), "to_day": self.last.isoformat()}


@dataclass(frozen=True)
class Figures:
    """Everything that a report shows, by the name of the question, table or count.

    `as_of`: newest instant that the lake knew (UTC). `group`: the manager's, or None for all.
    """

    lake: str
    period: Period
    as_of: datetime
    zone: str
    group: str | None
    names: Names
    answers: Mapping[str, Rows]

    def __getitem__(self, name: str) -> Rows:
        return self.answers[name]


def figures(
    lake: Lake,
    *,
    first: date | None = None,
    last: date | None = None,
    group: str | None = None,
    is_pseudonymous: bool = False,
    has_scores: bool = False,
    report: Report = quiet,
) -> Figures:
    """The figures from `first` to `last` (default: 28 days to the last whole one with calls).

    `group`: only this hierarchy group's agents. `has_scores`: also the agents' current scores.

    Raises NothingToReportError if there are no calls in the period or no agents in the group.
    """
    as_of = known_until(lake)
    period = period_of(lake.days(_CALLS), as_of.date(), first, last)
    if period is None:
        raise NothingToReportError(
            f"{lake.settings.lake} has no calls in that period; see `lake describe`"
        )
    asked = _questions(period, lake.settings.time_zone)
    answers: dict[str, pa.Table] = {}
    for done, (name, (which, values)) in enumerate(asked.items()):
        report("asking", done, len(asked))
        answers[name] = answer(lake, question(which), values)
    answers |= _on_record(lake)
    if has_scores:
        answers["workload_score"] = lake.read(tables.WORKLOAD_SCORE)
    if group is not None:
        _refuse_unknown(group, answers["agent_skills"])
        mine = pc.field("agent_hierarchy_group") == group
        answers |= {name: answers[name].filter(mine) for name in _OF_A_GROUP}
    names = _names(lake, answers) if is_pseudonymous else AS_THEY_ARE
    return Figures(
        lake.settings.lake,
        period,
        as_of,
        lake.settings.time_zone,
        group,
        names,
        {name: names.rows(rows) for name, rows in answers.items()},
    )


def period_of(
    known: Sequence[date], today: date, first: date | None = None, last: date | None = None
) -> Period | None:
    """The days to report on, of those with calls, in order; None if there are none.

    `today`: the day of the lake's newest record. It is not over, so that its calls would make a
    fall; without `last` it is only reported on where there is no other.
    """
    days = [day for day in known if (first or day) <= day <= (last or day)]
    if not days:
        return None
    whole = days if last else [day for day in days if day < today]
    end = last or (whole or days)[-1]
    begin = first or max(days[0], end - timedelta(days=PERIOD_DAYS - 1))
    is_told = today in known and (last is None or today <= last)
    return Period(begin, end, known[0], today if is_told else None)


def _questions(period: Period, zone: str) -> dict[str, tuple[str, dict[str, str]]]:
    """Which question is asked for which figures, with its parameters."""
    days = period.parameters()
    return {
        "calls_by_category": ("calls_by_category", days),
        "calls_lately": ("calls_by_category", period.lately.parameters()),
        "calls_before": ("calls_by_category", period.before.parameters()),
        "calls_by_period": ("calls_by_period", {**days, "zone": zone}),
        "wait_by_hour": ("wait_by_hour", {**days, "zone": zone}),
        "skill_bottlenecks": ("skill_bottlenecks", days),
        "agent_skills": ("agent_skills", days),
        "routing_effect": ("routing_effect", days),
        "group_calls": ("group_calls", days),
    }


def _on_record(lake: Lake) -> dict[str, pa.Table]:
    """Plans, and what became of records: tables that have no period of their own."""
    runs = lake.read(tables.RUN).sort_by([("finished_at", "descending")])
    return {
        "upskilling_recommendation": _newest_cycle(lake.read(tables.UPSKILLING_RECOMMENDATION)),
        "automation_candidate": lake.read(tables.AUTOMATION_CANDIDATE),
        "conservation": conservation(lake),
        "rejects": _rejects(lake),
        "run": runs.slice(0, RUNS),
    }


def _newest_cycle(plans: pa.Table) -> pa.Table:
    if not plans.num_rows:
        return plans
    newest = plans.sort_by([("as_of", "descending"), ("cycle", "descending")]).column("cycle")[0]
    return plans.filter(pc.field("cycle") == newest).sort_by("place")


def _rejects(lake: Lake) -> pa.Table:
    """How many records were rejected on arrival and not replayed since, by reason."""
    counts = Counter(each.reason for each in rejects(lake.store))
    schema = pa.schema([("reason", pa.string()), ("records", pa.int64())])
    rows = [{"reason": reason, "records": count} for reason, count in counts.most_common()]
    return pa.Table.from_pylist(rows, schema=schema)


def _refuse_unknown(group: str, skills: pa.Table) -> None:
    known = sorted(set(skills.column("agent_hierarchy_group").to_pylist()))
    if group not in known:
        raise NothingToReportError(f"no group {group!r} in this period; there are {known}")


def _names(lake: Lake, answers: Mapping[str, pa.Table]) -> Names:
    """A pseudonym for every agent whose name could stand in an answer."""
    hidden = tokens(lake)
    known = [
        lake.read(tables.USERS, columns=("agent_username",)).column("agent_username"),
        answers["agent_skills"].column("agent_username"),
        answers["upskilling_recommendation"].column("agent_username"),
    ]

    def digest(name: str) -> str:
        return str(hidden.customer_id_token(f"agent {name}")).rpartition("_")[2]

    return pseudonyms({name for names in known for name in names.to_pylist() if name}, digest)
