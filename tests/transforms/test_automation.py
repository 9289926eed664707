"""What is named for automation: the repetitive, never the merely short, never the sensitive."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pytest

from tests.transforms.landed import at
from transforms import tables
from transforms.facts import violations
from transforms.workforce.automation import (
    NEEDED,
    Limits,
    automation_candidates,
    is_sensitive,
    queue_shares,
    with_effects,
)
from transforms.workforce.centre import Agent, Skill, Span
from transforms.workforce.centre_outcome import SkillOutcome
from transforms.workforce.observed_agents import Rostered
from transforms.workforce.observed_centre import Observed

CENTRES = 200 if os.environ.get("PROVE") == "1" else 25
AS_OF = at("2026-01-29T00:00")
SCHEMA = pa.schema([NEEDED.table.schema.field(name).with_nullable(True) for name in NEEDED.columns])
PLANTED, VARIED = "repetitive", "short-varied"
SENSITIVE = ("fraud-report", "complaints", "bereavement", "vulnerable-customer")


class Kind(NamedTuple):
    """A planted kind of work: handle times are lognormal."""

    category: str
    contacts: int
    median_s: float
    sigma: float
    held: float = 0.02
    transferred: float = 0.01
    queues: int = 1


def contacts(kinds: list[Kind], seed: int = 0) -> pa.Table:
    """Four weeks of these kinds, each customer once unless said otherwise."""
    rng = np.random.default_rng(seed)
    parts = [_contacts(kind, number, rng) for number, kind in enumerate(kinds)]
    return pa.concat_tables(parts)


def _contacts(kind: Kind, number: int, rng: np.random.Generator) -> pa.Table:
    n = kind.contacts
    ids = [f"{number}-{i}" for i in range(n)]
    minutes = rng.integers(0, 27 * 1440, n)
    times = np.datetime64("2026-01-01T08:00", "us") + minutes.astype("timedelta64[m]")
    columns: dict[str, Any] = {
        "contact_id": ids,
        "journey_id": ids,
        "customer_id": [f"customer {each}" for each in ids],
        "category": [kind.category] * n,
        "task": ["do"] * n,
        "channel": ["VOICE"] * n,
        "initiation_method": ["INBOUND"] * n,
        "initiation_timestamp": times,
        "queue_name": [f"queue {(number + i) % max(1, kind.queues)}" for i in range(n)],
        "handle_time_ms": np.rint(1000 * kind.median_s * rng.lognormal(0, kind.sigma, n)).astype(
            np.int64
        ),
        "is_handled": [1] * n,
        "is_put_on_hold": (rng.random(n) < kind.held).astype(np.int64),
        "is_transferred_out_from_handled": (rng.random(n) < kind.transferred).astype(np.int64),
    }
    rows = {f.name: columns.get(f.name, pa.nulls(n, f.type)) for f in SCHEMA}
    return pa.table(rows, schema=SCHEMA)


def one(kind: Kind, **limits: Any) -> dict[str, Any]:
    """The row of one kind in a centre whose other work is as the bank's: varied."""
    others = [Kind(f"other {n}", 300, 200.0, 0.9) for n in range(4)]
    found = automation_candidates(contacts([kind, *others]), AS_OF, limits=Limits(**limits))
    return {row["category"]: row for row in found.to_pylist()}[kind.category]


def candidates(table: pa.Table) -> list[str]:
    found = automation_candidates(table, AS_OF).to_pylist()
    return [row["category"] for row in found if row["is_eligible"]]


def invented(seed: int) -> pa.Table:
    """Twelve kinds of work of real dispersion, sensitive ones and the two that are planted."""
    rng = np.random.default_rng([seed, 7])
    kinds = [
        Kind(
            f"kind {n}",
            int(rng.integers(200, 450)),
            float(rng.uniform(60, 400)),
            float(rng.uniform(0.55, 1.1)),
            float(rng.uniform(0, 0.15)),
            float(rng.uniform(0, 0.08)),
            int(rng.integers(1, 4)),
        )
        for n in range(8)
    ]
    kinds += [Kind(name, 500, 60.0, 0.1) for name in SENSITIVE]
    kinds += [Kind(PLANTED, 400, 110.0, 0.25), Kind(VARIED, 900, 25.0, 1.6)]
    return contacts(kinds, seed)


@pytest.fixture(scope="module")
def centres() -> list[list[str]]:
    return [candidates(invented(seed)) for seed in range(CENTRES)]


def test_the_planted_repetitive_work_is_among_the_first_three(centres):
    found = sum(PLANTED in each[:3] for each in centres)
    assert found >= 0.95 * CENTRES


def test_short_but_varied_work_is_never_a_candidate(centres):
    assert [each for each in centres if VARIED in each] == []


def test_sensitive_work_never_leaks(centres):
    assert [each for each in centres if {*each} & {*SENSITIVE}] == []


def test_a_repetitive_short_kind_is_a_candidate_and_its_product_is_plain():
    row = one(Kind("balance", 400, 90.0, 0.2))
    assert row["is_eligible"] == 1
    assert row["reasons"] == []
    assert row["automatable_share"] == pytest.approx(
        (1 - row["quartile_dispersion"])
        * (1 - row["transfer_share"])
        * (1 - row["hold_share"])
        * (1 - row["path_entropy_share"])
    )
    assert row["hours_saved"] == pytest.approx(row["handle_hours"] * row["automatable_share"] * 0.5)


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (Kind("rare", 150, 90.0, 0.2), "fewer than 200"),
        (Kind("long", 400, 400.0, 0.2), "is short"),
        (Kind("varied", 400, 90.0, 1.6), "vary more"),
        (Kind("moved on", 400, 90.0, 0.2, transferred=0.2), "are transferred"),
        (Kind("held", 400, 90.0, 0.2, held=0.4), "are put on hold"),
    ],
    ids=lambda each: each.category if isinstance(each, Kind) else "",
)
def test_the_reason_why_not_is_told(kind, why):
    row = one(kind)
    assert row["is_eligible"] == 0
    assert row["hours_saved"] == 0
    assert [why in each for each in row["reasons"]] == [True]


def test_a_customer_who_comes_back_for_the_same_within_three_days_counts_as_repeat():
    table = contacts([Kind("balance", 2, 90.0, 0.2)])
    rows = table.to_pylist()
    for number, row in enumerate(rows):
        row |= {"customer_id": "same", "initiation_timestamp": AS_OF - timedelta(days=9 - number)}
    [found] = automation_candidates(pa.Table.from_pylist(rows, SCHEMA), AS_OF).to_pylist()
    assert found["repeat_share"] == 0.5


def test_the_next_leg_of_a_request_is_no_repeat():
    rows = contacts([Kind("balance", 2, 90.0, 0.2)]).to_pylist()
    for row in rows:
        row |= {"customer_id": "same", "journey_id": "one"}
    [found] = automation_candidates(pa.Table.from_pylist(rows, SCHEMA), AS_OF).to_pylist()
    assert found["repeat_share"] == 0


def test_a_contact_with_a_transfer_behind_it_was_transferred():
    rows = contacts([Kind("balance", 2, 90.0, 0.2, transferred=0)]).to_pylist()
    rows[1] |= {"previous_contact_id": rows[0]["contact_id"], "initiation_method": "TRANSFER"}
    [found] = automation_candidates(pa.Table.from_pylist(rows, SCHEMA), AS_OF).to_pylist()
    assert found["transfer_share"] == 0.5


def test_work_on_many_paths_has_more_entropy():
    few, many = (one(Kind("balance", 400, 90.0, 0.2, queues=n)) for n in (1, 6))
    assert few["path_entropy_share"] == 0
    assert many["path_entropy_share"] == pytest.approx(1, abs=1e-3)


def test_contacts_of_longer_ago_do_not_count():
    assert automation_candidates(invented(0), AS_OF - timedelta(days=60)).num_rows == 0


def test_sensitive_work_has_no_figures():
    row = one(Kind("Fraud report", 400, 60.0, 0.1))
    assert (row["is_sensitive"], row["is_eligible"], row["hours_saved"]) == (1, 0, None)


@pytest.mark.parametrize("name", ["fraud", "Fraud_desk", "open-complaint", "BEREAVEMENT"])
def test_a_sensitive_word_is_found_in_any_form(name):
    assert is_sensitive(name, "do", Limits().sensitive)
    assert is_sensitive("other", name, Limits().sensitive)


def test_a_list_of_the_centres_own_holds_as_well():
    assert one(Kind("pensions", 400, 90.0, 0.2), sensitive=("pension",))["is_sensitive"] == 1


def test_the_order_of_contacts_does_not_matter():
    table = invented(1)
    shuffled = table.take(np.random.default_rng(2).permutation(table.num_rows))
    assert automation_candidates(shuffled, AS_OF).equals(automation_candidates(table, AS_OF))


def test_the_rows_keep_to_the_tables_facts():
    found = automation_candidates(invented(2), AS_OF)
    assert set(violations(found, tables.AUTOMATION_CANDIDATE).values()) == {0}


def test_taking_the_load_away_shortens_the_wait_of_its_queue():
    table = contacts([Kind("balance", 900, 90.0, 0.2), Kind("other", 300, 200.0, 0.9)])
    agents = [Agent(f"agent {n}", {"queue 0": 1.0}, (Span(0, 28_800),)) for n in range(5)]
    centre = Observed(
        (),
        (Skill("queue 0", (17.0,) * 32, 240.0, patience_s=300.0),),
        tuple(Rostered(agent, 1.0) for agent in agents),
        (SkillOutcome(),),
        0.0,
        {agent.agent_id: 0 for agent in agents},
        {agent.agent_id: 0 for agent in agents},
    )
    found = with_effects(
        automation_candidates(table, AS_OF), queue_shares(table, AS_OF), centre, days=5
    )
    [balance, other] = found.to_pylist()
    assert balance["wait_change_s"] + balance["wait_change_ci95"] < 0
    assert balance["effect_queues"] == ["queue 0"]
    assert other["wait_change_s"] is None
