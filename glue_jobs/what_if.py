"""The lake's own centre, simulated: what `lake what-if`, `lake overflow` and others start from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from typing import NamedTuple

from glue_jobs.lake import Lake
from ingestion.errors import LakeError
from transforms import tables
from transforms.duck import rows
from transforms.workforce.centre import CentreError
from transforms.workforce.observed_centre import NEEDED, USUAL, Observed, Options, observed
from transforms.workforce.what_if import Change, MoreAgents, Training, Volume

WINDOW_DAYS = 28
DOUBTFUL = 0.25  # of the waiting that who was there does not explain
_PERCENT = re.compile(r"([+-]?)(\d+(?:\.\d+)?)%")


class NothingToSimulateError(LakeError):
    """The lake has no contacts or agents on the days asked for."""

    exit_code = 3


class ChangeError(LakeError):
    """A change that cannot be made; the message says how it is written."""

    exit_code = 2


def lake_centre(
    lake: Lake, first: date | None = None, last: date | None = None, options: Options = USUAL
) -> Observed:
    """The centre as the days from `first` to `last` show it; without them the last 28.

    Raises NothingToSimulateError.
    """
    days = observed_days(lake, first, last)
    try:
        contacts, states, skills = (
            lake.read(needed.table, days, needed.columns) for needed in NEEDED
        )
        return observed(contacts, states, skills, options)
    except CentreError as error:
        raise NothingToSimulateError(f"{lake.settings.lake}: {error}") from error


def doubt(seen: Observed) -> str | None:
    """Why the model cannot know how long people wait in this centre; None where nothing says so."""
    if seen.beside_available_share < DOUBTFUL:
        return None
    return (
        f"{seen.beside_available_share:.0%} of the waiting passed while somebody with the skill "
        "counted as available: such agents were busy with what no event tells, so the model waits "
        "less than callers did"
    )


def observed_days(lake: Lake, first: date | None, last: date | None) -> list[date]:
    """The lake's days with contacts in the period, by default the 28 up to the newest.

    Raises NothingToSimulateError.
    """
    days = lake.days(tables.CONTACT_STATISTIC_RECORD.name)
    until = last or (days[-1] if days else date.max)
    since = first or max(until, date.min + timedelta(WINDOW_DAYS)) - timedelta(WINDOW_DAYS - 1)
    found = [day for day in days if since <= day <= until]
    if not found:
        raise NothingToSimulateError(
            f"{lake.settings.lake} has no contacts on these days; see `lake describe`"
        )
    return found


class QueueNames(NamedTuple):
    """What else a queue goes by.

    `call_types`: the categories that are a tenth of its contacts or more, the most frequent first,
    under which the router knows it; `ids`: its id in Connect, if the records tell it.
    """

    call_types: Mapping[str, tuple[str, ...]]
    ids: Mapping[str, str]


def queue_names(lake: Lake, days: Sequence[date]) -> QueueNames:
    """The call types and ids of the queues of those days."""
    contacts = lake.read(
        tables.CONTACT_STATISTIC_RECORD, days, ("queue_name", "queue_id", "category", "is_queued")
    )
    found = rows(
        """SELECT queue_name, max(queue_id) AS queue_id,
            list(category ORDER BY n DESC, category) FILTER (10 * n >= of_queue) AS categories
        FROM (SELECT queue_name, max(queue_id) AS queue_id, category, count(*) AS n,
                sum(count(*)) OVER (PARTITION BY queue_name) AS of_queue
            FROM contacts WHERE is_queued = 1 AND queue_name IS NOT NULL
            GROUP BY queue_name, category)
        GROUP BY queue_name ORDER BY queue_name""",
        contacts=contacts,
    ).to_pylist()
    return QueueNames(
        {row["queue_name"]: tuple(row["categories"]) for row in found if row["categories"]},
        {row["queue_name"]: row["queue_id"] for row in found if row["queue_id"]},
    )


def changes(
    queues: Sequence[str], agents: Sequence[int], train: Sequence[str], volume: Sequence[str]
) -> tuple[Change, ...]:
    """The changes as the command line writes them; ChangeError for what cannot be read."""
    if len(queues) != len(agents):
        raise ChangeError("give --queue and --agents together: --queue Billing --agents +2")
    found: list[Change] = [
        MoreAgents(queue, more) for queue, more in zip(queues, agents, strict=True)
    ]
    found += [_training(text) for text in train]
    found += [_volume(text) for text in volume]
    if not found:
        raise ChangeError("say what changes: --queue Q --agents +2, --train A:Q, --volume Q:+20%")
    return tuple(found)


@contextmanager
def possible() -> Iterator[None]:
    """A CentreError inside becomes the ChangeError that the command line tells."""
    try:
        yield
    except CentreError as error:
        raise ChangeError(str(error)) from error


def _training(text: str) -> Training:
    agent, colon, skill = text.partition(":")
    if not (agent and colon and skill):
        raise ChangeError(f"--train {text}: write AGENT:QUEUE, for example ada.alder:Billing")
    return Training(agent, skill)


def _volume(text: str) -> Volume:
    queue, _, change = text.rpartition(":")
    found = _PERCENT.fullmatch(change)
    if not queue or found is None or (found[1] == "-" and float(found[2]) > 100):
        raise ChangeError(f"--volume {text}: write QUEUE:+20% or QUEUE:-20%")
    return Volume(queue, 1 + float(f"{found[1]}{found[2]}") / 100)
