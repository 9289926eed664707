"""Several producers' scores become one for each agent, whatever the order in which rows come."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.routing import scores
from lambdas.routing.choose import State, choose
from lambdas.routing.event import Contact
from lambdas.routing.policy import DEFAULT, PolicyError, changed
from lambdas.routing.scores import Candidate, fresh_candidates, sort_key

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
WEIGHTS = {"lake": 0.7, "model": 0.3}
BOTH = changed(DEFAULT, {"sources": WEIGHTS})


def row(agent, workload, source="lake", age_s=60):
    return Candidate(agent, f"id-{agent}", workload, NOW - timedelta(seconds=age_s), source)


def blended(rows, weights):
    """The blend of rows of any sources."""
    sources = {each.source for each in rows}
    by_source = {name: [each for each in rows if each.source == name] for name in sources}
    return scores.blended(by_source, weights)


def workloads(rows):
    return {each.agent_name: each.workload for each in rows}


def test_two_sources_are_blended_by_their_weights():
    rows = [row("ann", 1000), row("ann", 9000, "model")]
    assert workloads(blended(rows, WEIGHTS)) == {"ann": 3400}


def test_weights_count_by_their_ratio():
    rows = [row("ann", 1000), row("ann", 9000, "model")]
    assert blended(rows, {"lake": 7, "model": 3}) == blended(rows, WEIGHTS)


def test_a_source_that_is_missing_leaves_its_share_to_the_others():
    rows = [row("ann", 1000), row("bob", 4000, "model")]
    assert workloads(blended(rows, WEIGHTS)) == {"ann": 1000, "bob": 4000}


@pytest.mark.parametrize("weights", [{"lake": 1}, {"lake": 1, "model": 0}])
def test_a_source_without_a_weight_has_no_say(weights):
    rows = [row("ann", 1000), row("ann", 9000, "model"), row("bob", 0, "model")]
    assert blended(rows, weights) == [rows[0]]


def test_without_a_setting_the_lake_alone_counts():
    rows = [row("ann", 1000), row("ann", 0, "model")]
    assert fresh_candidates(rows, DEFAULT, NOW) == [rows[0]]


def test_of_two_rows_of_a_source_the_newer_counts():
    rows = [row("ann", 1000, age_s=60), row("ann", 5000, age_s=30)]
    assert workloads(blended(rows, WEIGHTS)) == {"ann": 5000}


def test_a_blend_is_as_old_as_its_heaviest_part():
    rows = [row("ann", 1000, age_s=60), row("ann", 9000, "model", age_s=250)]
    assert blended(rows, WEIGHTS)[0].as_of == rows[0].as_of
    assert blended(rows, {"lake": 1, "model": 2})[0].as_of == rows[1].as_of


def test_an_expired_source_leaves_its_share_to_the_others():
    rows = [row("ann", 1000), row("ann", 9000, "model", age_s=1801)]
    assert workloads(fresh_candidates(rows, BOTH, NOW)) == {"ann": 1000}


def test_a_slow_source_is_not_behind_a_quick_one():
    rows = [row("ann", 1000), row("ann", 9000, "model", age_s=900)]
    assert workloads(fresh_candidates(rows, BOTH, NOW)) == {"ann": 3400}


def test_an_agent_whom_a_source_no_longer_scores_is_scored_by_the_other():
    rows = [row("ann", 1000, age_s=900), row("bob", 2000), row("ann", 9000, "model")]
    assert workloads(fresh_candidates(rows, BOTH, NOW)) == {"bob": 2000, "ann": 9000}


def test_the_decision_goes_by_the_blend():
    rows = [
        row("ann", 1000),
        row("ann", 9000, "model"),
        row("bob", 2000),
        row("bob", 2000, "model"),
    ]
    contact = Contact("c-1", "claims", "VOICE")
    offers = choose(contact, rows, State(), BOTH, NOW).agents
    assert [(each.agent_id, each.workload) for each in offers] == [
        ("id-bob", 2000),
        ("id-ann", 3400),
    ]


def test_rows_of_sources_without_a_weight_are_no_candidates():
    contact = Contact("c-1", "claims", "VOICE")
    decision = choose(contact, [row("ann", 0, "model")], State(), DEFAULT, NOW)
    assert (decision.decision, decision.reason) == ("DEFAULT", "NO_CANDIDATES")


rows_ = st.lists(
    st.builds(
        row,
        st.sampled_from("abc"),
        st.integers(0, 10_000),
        st.sampled_from(["lake", "model", "cases"]),
        st.integers(-100, 2000),
    ),
    max_size=12,
)
weights_ = st.dictionaries(
    st.sampled_from(["lake", "model", "cases"]), st.floats(0, 1000), max_size=3
).filter(lambda each: any(each.values()))


@given(rows_, weights_, st.randoms())
def test_the_order_of_rows_does_not_matter(rows, weights, order):
    shuffled = order.sample(rows, len(rows))
    policy = changed(DEFAULT, {"sources": weights})
    expected = sorted(fresh_candidates(rows, policy, NOW))
    assert sorted(fresh_candidates(shuffled, policy, NOW)) == expected


@given(rows_, weights_)
def test_a_blend_lies_between_its_parts(rows, weights):
    for each in blended(rows, weights):
        parts = [part.workload for part in rows if part.agent_id == each.agent_id]
        assert min(parts) <= each.workload <= max(parts)


@pytest.mark.parametrize(
    "weights", [{}, {"lake": 0}, {"lake": -1}, {"lake": "1"}, {"lake": True}, ["lake"], "lake",
                {"lake": float("nan")}, {"lake": float("inf")}]
)  # fmt: skip
def test_weights_that_cannot_be_meant_are_named(weights):
    with pytest.raises(PolicyError, match="routing policy: sources must give weights"):
        changed(DEFAULT, {"sources": weights})


def test_only_other_sources_stand_behind_the_agents_name():
    assert [sort_key("ann", "lake"), sort_key("ann", "model")] == ["ann", "ann#model"]
