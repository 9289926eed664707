"""Which skill is the bottleneck, how sure that is, and what changed: days are the observations.

Ranked by wait-minutes. In 40 simulated centres they named the skill where one more agent saves the
most waiting 90 % of the time, the number of calls 40 %, a fluid model's shadow price 57 %.

Waits within a day depend on each other, so that over contacts the usual interval of a day's mean
wait covered the truth 30 % of the time; over days as blocks 95 % (ratio estimator: W. G. Cochran,
"Sampling Techniques", ch. 6). Many rows are looked at together: verdicts are corrected by
Bonferroni, the grid of skills and hours by Y. Benjamini and Y. Hochberg, "Controlling the false
discovery rate" (JRSS B 1995).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from math import log, sqrt
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray
from scipy.stats import t as student

from transforms.duck import rows

Counts = NDArray[np.int64]
Verdict = Literal["likely", "possible", "not enough data"]

DAYS_NEEDED = 5  # of one kind: Monday to Friday, or weekend
BEYOND_MODEL = 1.5  # waits this many times the model's are not for want of staff alone
CAUSE_FROM = 0.02  # of the logarithm of the load: what is less explains nothing
_SATURDAY = 5


class Blocks(NamedTuple):
    """Sums per day and skill, (D, K) whole numbers; 0 where a day has nothing of a skill.

    `contacts`: queued with a known wait. `load_ms`: work offered. `head_ms`, `share_ms`: staff in
    full in each of its skills, and in equal shares. `overlap_ms`: agents without the skill idle
    while somebody waited.
    """

    days: tuple[date, ...]
    skills: tuple[str, ...]
    queued: Counts
    abandoned: Counts
    contacts: Counts
    wait_ms: Counts
    breach_ms: Counts
    load_ms: Counts
    head_ms: Counts
    share_ms: Counts
    overlap_ms: Counts


class Estimate(NamedTuple):
    """A number and half of its 95 % interval, None where there are too few days for one."""

    value: float
    half_width: float | None = None


class Cause(NamedTuple):
    """Why the load of a skill changed: parts of the change of its logarithm that add up to it.

    `name`: the largest in the direction in which waiting went, "other" if none counts for much.
    """

    name: str
    volume: float
    handle_time: float
    staffing: float
    skill_concentration: float


class Bottleneck(NamedTuple):
    """A skill's place among those that callers wait for; minutes are those of a day.

    `verdict`: None where its share of the waiting is surely below an equal one. `modelled_wait_s`:
    what Erlang A expects of the staff there was, shared at its best. `saved_minutes`: what one more
    agent would save of all waiting, simulated.
    """

    rank: int
    skill: str
    verdict: Verdict | None
    wait_minutes: Estimate
    mean_wait_s: Estimate
    wait_share: float
    breach_minutes: float
    abandonment: float
    load: float | None
    overlap_contacts: float
    cause: Cause | None
    modelled_wait_s: float | None = None
    saved_minutes: Estimate | None = None

    @property
    def is_beyond_model(self) -> bool:
        """Whether waits surely exceed what volume and staff explain: adherence, or skill mix."""
        half = self.mean_wait_s.half_width
        if self.modelled_wait_s is None or half is None:
            return False
        return self.mean_wait_s.value - half > BEYOND_MODEL * self.modelled_wait_s


def blocks(skill_load: pa.Table, skill_staffing: pa.Table) -> Blocks:
    """The sums of two tables' rows per day and skill; days and skills in order, as contacts had."""
    demand = rows(_DEMAND, skill_load=skill_load)
    staff = rows(_STAFF, skill_staffing=skill_staffing)
    days = sorted(set(demand.column("day").to_pylist()))
    skills = sorted(set(demand.column("skill").to_pylist()))
    sums = [
        _by_day_and_skill(table, name, days, skills)
        for table in (demand, staff)
        for name in table.column_names[2:]
    ]
    return Blocks(tuple(days), tuple(skills), *sums)


def bottlenecks(
    now: Blocks,
    before: Blocks | None = None,
    *,
    modelled_wait_s: Mapping[str, float] | None = None,
    saved_minutes: Mapping[str, Estimate] | None = None,
) -> tuple[Bottleneck, ...]:
    """The skills, most wait-minutes first (ties by name); causes against the days `before`.

    `modelled_wait_s` and `saved_minutes` per skill come from `bottleneck_model`.
    """
    waits = now.wait_ms.sum(axis=0)
    order = sorted(range(len(now.skills)), key=lambda k: (-waits[k], now.skills[k]))
    words = verdicts(now.days, now.wait_ms)
    enough = has_enough_days(now.days)
    return tuple(
        _bottleneck(now, k, 1 + int((waits > waits[k]).sum()), words[k], enough)._replace(
            cause=cause(now, before, now.skills[k]) if before else None,
            modelled_wait_s=(modelled_wait_s or {}).get(now.skills[k]),
            saved_minutes=(saved_minutes or {}).get(now.skills[k]),
        )
        for k in order
    )


def has_enough_days(days: Sequence[date]) -> bool:
    """Whether five or more of the days are of one kind: Monday to Friday, or weekend."""
    weekend = sum(day.weekday() >= _SATURDAY for day in days)
    return max(weekend, len(days) - weekend) >= DAYS_NEEDED


def ratio_estimate(sums: ArrayLike, counts: ArrayLike, level: float = 0.95) -> Estimate:
    """Sum over count of all days, and its interval: R ± t √(Σ(m - R n)² / D(D - 1)) / n̄.

    `sums` and `counts` (D,) per day. NaN without counts; no interval for fewer than two days.
    """
    m, n = np.asarray(sums, float), np.asarray(counts, float)
    days, total = len(m), float(n.sum())
    if not total:
        return Estimate(float("nan"))
    ratio = float(m.sum()) / total
    if days < 2:
        return Estimate(ratio)
    spread = sqrt(float(((m - ratio * n) ** 2).sum()) * days / (days - 1)) / total
    return Estimate(ratio, float(student.ppf((1 + level) / 2, days - 1)) * spread)


def verdicts(days: Sequence[date], wait_ms: ArrayLike) -> tuple[Verdict | None, ...]:
    """Whether each skill waits for more than an equal share, in a word; `wait_ms` (D, K).

    A one-sided t-test over days of its wait less the mean of all skills', at 5 % over all skills
    together (in steps of ten and fifty skills, as the question in SQL has them). None: it is below
    at the same level.
    """
    wait = np.asarray(wait_ms, float)
    count, skills = wait.shape
    if not has_enough_days(days):
        untold: tuple[Verdict | None, ...] = ("not enough data",) * skills
        return untold
    excess = wait - wait.mean(axis=1, keepdims=True)
    margin = _one_sided(skills, count) * excess.std(axis=0, ddof=1) / sqrt(count)
    means: list[float] = excess.mean(axis=0).tolist()
    margins: list[float] = margin.tolist()
    return tuple(_verdict(*pair) for pair in zip(means, margins, strict=True))


def hot_hours(wait_ms: ArrayLike, rate: float = 0.10) -> NDArray[np.bool_]:
    """Which cells of skills × hours wait more than the mean cell, (K, H) for `wait_ms` (D, K, H).

    One-sided t-tests over days, of which at most `rate` of those found are expected to be false
    (Benjamini and Hochberg 1995). Nothing is found in fewer than five days.
    """
    wait = np.asarray(wait_ms, float)
    days = len(wait)
    if days < DAYS_NEEDED:
        return np.zeros(wait.shape[1:], bool)
    excess = wait - wait.mean(axis=(1, 2), keepdims=True)
    mean, error = excess.mean(axis=0), excess.std(axis=0, ddof=1) / sqrt(days)
    statistic = np.divide(mean, error, out=np.zeros_like(mean), where=error > 0)
    chance = student.sf(statistic, days - 1)
    ordered = np.sort(chance, axis=None)
    passing = np.flatnonzero(ordered <= rate * np.arange(1, ordered.size + 1) / ordered.size)
    limit = ordered[passing[-1]] if passing.size else -1.0
    return np.asarray(chance <= limit)


def cause(now: Blocks, before: Blocks, skill: str) -> Cause | None:
    """Why a skill's load changed between two periods; None if either lacks the skill's work.

    Load = contacts × handle time / staff in shares, so that its logarithm changes by the sum of
    volume, handle time, staffing (head-count), and how many other skills the staff has.
    """
    if skill not in before.skills or skill not in now.skills:
        return None
    new, old = _measures(now, skill), _measures(before, skill)
    if new is None or old is None:
        return None
    volume, handle, heads, undivided = (log(a / b) for a, b in zip(new[1:], old[1:], strict=True))
    parts = {
        "volume": volume,
        "handle time": handle,
        "staffing": -heads,
        "skill concentration": -undivided,
    }
    direction = -1 if new[0] < old[0] else 1
    name = max(parts, key=lambda part: direction * parts[part])
    return Cause(name if direction * parts[name] >= CAUSE_FROM else "other", *parts.values())


def _measures(of: Blocks, skill: str) -> tuple[float, float, float, float, float] | None:
    """Wait a day, contacts a day, handle time, heads a day, and share in the heads' time."""
    k, days = of.skills.index(skill), len(of.days)
    wait, queued, load, heads, share = (
        int(sums[:, k].sum())
        for sums in (of.wait_ms, of.queued, of.load_ms, of.head_ms, of.share_ms)
    )
    if not (queued and load and heads and share):
        return None
    return wait / days, queued / days, load / queued, heads / days, share / heads


def _bottleneck(
    of: Blocks, k: int, rank: int, verdict: Verdict | None, has_intervals: bool
) -> Bottleneck:
    wait, contacts, queued, load, share = (
        sums[:, k] for sums in (of.wait_ms, of.contacts, of.queued, of.load_ms, of.share_ms)
    )
    minutes = ratio_estimate(wait / 60_000, np.ones(len(wait)))
    mean = ratio_estimate(wait / 1000, contacts)
    work, staff, total = int(load.sum()), int(share.sum()), int(of.wait_ms.sum())
    return Bottleneck(
        rank,
        of.skills[k],
        verdict,
        minutes if has_intervals else minutes._replace(half_width=None),
        mean if has_intervals else mean._replace(half_width=None),
        int(wait.sum()) / total if total else 0.0,
        int(of.breach_ms[:, k].sum()) / 60_000 / len(wait),
        int(of.abandoned[:, k].sum()) / int(queued.sum()),
        work / staff if staff else None,
        int(of.overlap_ms[:, k].sum()) / len(wait) * int(queued.sum()) / work if work else 0.0,
        None,
    )


def _verdict(mean: float, margin: float) -> Verdict | None:
    if mean > margin:
        return "likely"
    return "possible" if mean >= -margin else None


def _one_sided(skills: int, days: int) -> float:
    tail = 0.005 if skills <= 10 else 0.001
    return float(student.isf(tail, days - 1))


_DEMAND = """
SELECT day, skill, sum(contacts_queued) AS queued, sum(contacts_abandoned) AS abandoned,
    sum(contacts_wait_timed) AS contacts, sum(wait_ms) AS wait_ms, sum(breach_ms) AS breach_ms,
    sum(offered_load_ms) AS load_ms
FROM skill_load GROUP BY day, skill"""

_STAFF = """
SELECT day, skill, sum(staffed_head_ms) AS head_ms, sum(staffed_share_ms) AS share_ms,
    sum(overlap_ms) AS overlap_ms
FROM skill_staffing GROUP BY day, skill"""


def _by_day_and_skill(
    table: pa.Table, name: str, days: Sequence[date], skills: Sequence[str]
) -> Counts:
    day_at, skill_at = ({key: n for n, key in enumerate(keys)} for keys in (days, skills))
    sums = np.zeros((len(days), len(skills)), np.int64)
    for day, skill, value in zip(
        *(table.column(column).to_pylist() for column in ("day", "skill", name)), strict=True
    ):
        if day in day_at and skill in skill_at:
            sums[day_at[day], skill_at[skill]] = int(value)
    return sums
