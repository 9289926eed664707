"""The rows of `AgentWorkload` as one score for each agent: pure.

Several producers may score the same agents. What each says is believed by its own age, and the
policy's weights make one number of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import NamedTuple

from lambdas.routing.policy import LAKE, Policy

LONGEST_AGENT_ID = 256
LEAST_WORKLOAD, MOST_WORKLOAD = 0, 10_000


class Candidate(NamedTuple):
    """An agent's workload (0 to 10000) for the call type, scored at `as_of` (aware, UTC)."""

    agent_name: str
    agent_id: str
    workload: int
    as_of: datetime
    source: str = LAKE


def fresh_candidates(
    candidates: Iterable[Candidate], policy: Policy, now: datetime
) -> list[Candidate]:
    """The rows to choose from, one for each agent, least workload first."""
    oldest = now - timedelta(seconds=policy.expire_after_s)
    latest = now + timedelta(seconds=policy.skew_s)
    by_source: dict[str, list[Candidate]] = {}
    for row in candidates:
        if oldest <= row.as_of <= latest and has_id(row.agent_id):
            by_source.setdefault(row.source, []).append(row)
    rows = {source: still_scored(each, policy) for source, each in by_source.items()}
    return sorted(blended(rows, policy.sources), key=_WORKLOAD)


def still_scored(rows: Sequence[Candidate], policy: Policy) -> list[Candidate]:
    """The rows of one source without those that lag behind its newest one.

    Each run of a source names every agent, so such a row belongs to an agent whom it no longer
    scores.
    """
    since = max(map(_AS_OF, rows)) - timedelta(seconds=policy.widen_after_s)
    return [row for row in rows if row.as_of >= since]


def blended(
    by_source: Mapping[str, Iterable[Candidate]], weights: Mapping[str, float]
) -> list[Candidate]:
    """One row for each agent: the mean of the sources' workloads by their weights.

    A source without a weight does not count, and one that has no row for the agent leaves its
    share to the others. Of two rows of one source the newer counts. The order of rows does not
    matter. A blend is as old, and under the name, as the source with the most weight has it.
    """
    counting = [(weights[source], source) for source in by_source if weights.get(source, 0) > 0]
    heaviest_first = sorted(counting, reverse=True)
    if len(counting) == 1:
        return [*_newest(by_source[counting[0][1]]).values()]
    parts: dict[str, list[tuple[float, Candidate]]] = {}
    for weight, source in heaviest_first:
        for agent_id, row in _newest(by_source[source]).items():
            parts.setdefault(agent_id, []).append((weight, row))
    return [_blend(each) if len(each) > 1 else each[0][1] for each in parts.values()]


def _newest(rows: Iterable[Candidate]) -> dict[str, Candidate]:
    """One row for each agent id; of equally old ones the same whatever their order."""
    found: dict[str, Candidate] = {}
    for row in rows:
        other = found.setdefault(row.agent_id, row)
        if other is not row and (row.as_of, row) > (other.as_of, other):
            found[row.agent_id] = row
    return found


def _blend(parts: Sequence[tuple[float, Candidate]]) -> Candidate:
    total = sum(weight for weight, _ in parts)
    workload = sum(weight * row.workload for weight, row in parts) / total
    first = parts[0][1]
    return Candidate(first.agent_name, first.agent_id, round(workload), first.as_of, first.source)


_AS_OF = attrgetter("as_of")
_WORKLOAD = attrgetter("workload")


def sort_key(agent_name: str, source: str) -> str:
    """The row's `AgentName`: the agent's name, with `#source` behind it unless the lake's own."""
    return agent_name if source == LAKE else f"{agent_name}#{source}"


def has_id(agent_id: str) -> bool:
    """Whether a flow can take the text for an agent's id, and DynamoDB for a key."""
    return 0 < len(agent_id) <= LONGEST_AGENT_ID and agent_id.strip() == agent_id
