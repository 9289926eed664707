"""`lake recommend`: whom to train in what, by the lake's own policy; people decide, on record."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

import pyarrow as pa

from glue_jobs import quality
from glue_jobs.lake import ConflictError, Lake, Replacement
from glue_jobs.score import known_until
from glue_jobs.what_if import doubt, lake_centre
from ingestion.errors import LakeError
from ingestion.store import Store
from transforms import tables
from transforms.duck import rows
from transforms.facts import violations
from transforms.workforce.centre import Centre
from transforms.workforce.observed_centre import Observed
from transforms.workforce.simulation_pool import simulating
from transforms.workforce.upskilling import USUAL, Plan, Report, Search, quiet, upskilling_plan
from transforms.workforce.upskilling_policy import People, Policy, unknown_names
from transforms.workforce.upskilling_policy_file import DEFAULT_POLICY, PolicyError, policy
from transforms.workforce.upskilling_reasons import document

POLICY_FILE = "upskilling.toml"
TURNS = 5  # kinds of day: who has days off is there on some of them

_TABLE = tables.UPSKILLING_RECOMMENDATION
_SIDES = ("before", "after")
_FIGURES = ("mean_wait_s", "abandonment", "service_level", "avg_resolution_time_s")


class PolicyFileError(LakeError):
    """The policy file cannot be used."""

    exit_code = 2


class DecisionError(LakeError):
    """A decision, or a new proposal, that the rows on record do not allow."""

    exit_code = 2


class Recommended(NamedTuple):
    """What came out. `unknown`: names in the policy that the centre does not have.

    `doubt`: why the effects may be other than expected, if anything says so.
    """

    cycle: str
    as_of: datetime
    plan: Plan
    unknown: tuple[str, ...]
    doubt: str | None

    @property
    def document(self) -> dict[str, Any]:
        """JSON values, equal for equal lakes and policies."""
        return {
            "cycle": self.cycle,
            "as_of": f"{self.as_of.isoformat()}Z",
            **document(self.plan),
            "unknown_names": list(self.unknown),
            "doubt": self.doubt,
        }


def policy_text(store: Store) -> str:
    """The lake's own policy, which is made with the defaults if it is not there."""
    if not store.exists(POLICY_FILE):
        store.put(POLICY_FILE, DEFAULT_POLICY.encode())
    try:
        return store.get(POLICY_FILE).decode()
    except UnicodeDecodeError as error:
        raise PolicyFileError(f"{POLICY_FILE}: not UTF-8 text at byte {error.start}") from error


def recommend(
    lake: Lake,
    text: str,
    *,
    cycle: str | None = None,
    search: Search = USUAL,
    workers: int = 2,
    report: Report = quiet,
) -> Recommended:
    """Propose trainings under the policy of `text` and write them for the cycle (else the month).

    Proposals of the same cycle are replaced. Raises PolicyFileError, NothingToScoreError or
    NothingToSimulateError, AuditFailedError, and DecisionError once the cycle has a decision.
    """
    rules = parsed(text)
    as_of = known_until(lake)
    name = cycle or f"{as_of:%Y-%m}"
    earlier = lake.read(_TABLE)
    _refuse_decided(earlier, name)
    seen = lake_centre(lake)
    centres = lake_centres(seen)
    people = People(hierarchy_groups(lake), _picked_before(earlier, name))
    with simulating(workers) as simulate:
        plan = upskilling_plan(centres, rules, people, search, simulate, report)
    found = Recommended(name, as_of, plan, unknown_names(centres[0], rules, people), doubt(seen))
    version = hashlib.sha256(text.encode()).hexdigest()
    with lake.replacement(_TABLE) as change:
        now = lake.read(_TABLE)  # a decision may have been made while this was thought about
        _refuse_decided(now, name)
        if _of_cycle(now, name) != _of_cycle(earlier, name):
            raise ConflictError(f"cycle {name} was proposed by another run meanwhile; run it again")
        others = [row for row in now.to_pylist() if row["cycle"] != name]
        _put(lake, change, [*others, *_rows(found, people, version)])
    return found


def decide(
    lake: Lake, cycle: str, agent: str, *, approve: bool, by: str, at: datetime, note: str | None
) -> None:
    """Record a person's decision about an agent's proposal: who, and when (UTC, naive).

    The same decision again changes nothing: whoever got no answer may ask again. Raises
    DecisionError if there is no such proposal or it has been decided otherwise.
    """
    with lake.replacement(_TABLE) as change:
        found = lake.read(_TABLE).to_pylist()
        mine = [row for row in found if (row["cycle"], row["agent_username"]) == (cycle, agent)]
        if not mine:
            raise DecisionError(f"cycle {cycle} proposes nothing for {agent}; see `lake recommend`")
        (row,) = mine
        said = {"status": "approved" if approve else "declined", "decided_by": by, "note": note}
        if said.items() <= row.items():
            return
        if row["status"] != "proposed":
            raise DecisionError(f"{agent} in cycle {cycle}: {row['status']} by {row['decided_by']}")
        row |= said | {"decided_at": at}
        _put(lake, change, found)


def parsed(text: str) -> Policy:
    """The policy of a file's text; raises PolicyFileError."""
    try:
        return policy(text, POLICY_FILE)
    except PolicyError as error:
        raise PolicyFileError(str(error)) from error


def lake_centres(seen: Observed) -> tuple[Centre, ...]:
    """The centre on its usual days; who has days off is there on some of them."""
    return tuple(seen.centre(turn) for turn in range(TURNS))


def hierarchy_groups(lake: Lake) -> dict[str, str]:
    """The name of each agent's hierarchy group, its id where the name is not known."""
    found = rows(
        """SELECT agent_username, coalesce(min(agent_hierarchy_group_name),
            min(users.agent_hierarchy_group_id)) AS name
        FROM users LEFT JOIN groups USING (agent_hierarchy_group_id)
        WHERE agent_username IS NOT NULL AND users.agent_hierarchy_group_id IS NOT NULL
        GROUP BY agent_username ORDER BY agent_username""",
        users=lake.read(tables.USERS, columns=("agent_username", "agent_hierarchy_group_id")),
        groups=lake.read(
            tables.AGENT_HIERARCHY_GROUPS,
            columns=("agent_hierarchy_group_id", "agent_hierarchy_group_name"),
        ),
    ).to_pylist()
    return {row["agent_username"]: row["name"] for row in found}


def _refuse_decided(earlier: pa.Table, cycle: str) -> None:
    decided = [
        row["agent_username"]
        for row in earlier.to_pylist()
        if row["cycle"] == cycle and row["status"] != "proposed"
    ]
    if decided:
        raise DecisionError(
            f"cycle {cycle} has decisions ({', '.join(decided)}): name a new one with --cycle"
        )


def _picked_before(earlier: pa.Table, cycle: str) -> tuple[frozenset[str], ...]:
    """Who was proposed and not declined, cycle by cycle, the newest last."""
    picked: dict[tuple[datetime, str], set[str]] = {}
    newest: dict[str, datetime] = {}
    for row in earlier.to_pylist():
        newest[row["cycle"]] = max(row["as_of"], newest.get(row["cycle"], row["as_of"]))
    for row in earlier.to_pylist():
        if row["cycle"] != cycle:
            agents = picked.setdefault((newest[row["cycle"]], row["cycle"]), set())
            agents |= {row["agent_username"]} if row["status"] != "declined" else set()
    return tuple(frozenset(picked[key]) for key in sorted(picked))


def _rows(found: Recommended, people: People, policy_version: str) -> list[dict[str, Any]]:
    return [_row(found, each, people, policy_version) for each in found.document["recommendations"]]


def _row(
    found: Recommended, each: dict[str, Any], people: People, policy_version: str
) -> dict[str, Any]:
    everybody = each["queues"][0]
    return {
        "cycle": found.cycle,
        "place": each["place"],
        "agent_username": each["agent_id"],
        "skill": each["skill"],
        "agent_hierarchy_group": people.group_of.get(each["agent_id"]),
        "status": "proposed",
        "training_hours": each["hours"],
        "handle_time_factor": each["handle_time_factor"],
        "wait_cut": each["wait_cut"]["value"],
        "wait_cut_low": each["wait_cut"]["low"],
        "wait_cut_high": each["wait_cut"]["high"],
        **{f"{name}_{side}": everybody[name][side] for name in _FIGURES for side in _SIDES},
        "losers": each["losers"],
        "reasons": each["reasons"],
        "alternatives": each["alternatives"],
        "detail": json.dumps(each, ensure_ascii=False),
        "as_of": found.as_of,
        "policy_version": policy_version,
    }


def _of_cycle(proposals: pa.Table, cycle: str) -> list[dict[str, Any]]:
    return [row for row in proposals.to_pylist() if row["cycle"] == cycle]


def _put(lake: Lake, change: Replacement, found: Iterable[dict[str, Any]]) -> None:
    conformed = pa.Table.from_pylist(list(found), schema=_TABLE.schema)
    quality.gate(_TABLE.name, violations(conformed, _TABLE), lake.store)
    change.put_all(conformed)
