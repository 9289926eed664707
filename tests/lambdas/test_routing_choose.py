from collections import Counter
from datetime import UTC, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lambdas.routing.choose import (
    RESPONSE_KEYS,
    Candidate,
    Reason,
    default,
    response,
)
from lambdas.routing.event import Contact
from tests.lambdas.choices import (
    CALL,
    NOW,
    POLICY,
    agents,
    all_free,
    decided,
    ids,
    owner,
)


def test_the_least_workload_comes_first():
    assert ids(decided(agents(30, 10, 20, 40))) == ["id-1", "id-2", "id-0"]


def test_a_choice_by_workload_says_so():
    decision = decided(agents(30, 10), live=all_free(2))
    assert (decision.decision, decision.reason) == ("CANDIDATES", Reason.LEAST_WORKLOAD)


def test_a_flow_may_ask_for_another_number_of_agents():
    assert len(decided(agents(*range(20)), CALL._replace(n=5)).agents) == 5


def test_a_flow_is_given_ten_agents_at_most():
    assert len(decided(agents(*range(20)), CALL._replace(n=99)).agents) == 10


def test_ties_spread_over_contacts():
    rows = agents(*[7] * 4)
    firsts = Counter(ids(decided(rows, CALL._replace(contact_id=f"c-{i}")))[0] for i in range(400))
    assert min(firsts[f"id-{place}"] for place in range(4)) > 60


@given(st.lists(st.integers(0, 9), max_size=30), st.sampled_from([0, 600]), st.randoms())
def test_the_order_of_rows_does_not_matter(workloads, age_s, order):
    rows = agents(*workloads, age_s=age_s)
    shuffled = order.sample(rows, len(rows))
    assert decided(shuffled) == decided(rows)


def test_the_associated_agent_comes_first_and_the_next_best_follow():
    assert ids(decided(agents(30, 10, 20), association=owner())) == ["id-9", "id-1", "id-2"]


def test_the_associated_agent_is_offered_once():
    assert ids(decided(agents(30, 10, 20), association=owner("id-0"))) == ["id-0", "id-1", "id-2"]


def test_an_association_is_told_to_the_flow():
    decision = decided(agents(10), association=owner())
    assert (decision.reason, response(decision)["affinity"]) == (Reason.ASSOCIATED_AGENT, "id-9")


def test_an_association_needs_no_scores():
    assert ids(decided([], association=owner())) == ["id-9"]


def test_an_association_does_not_make_stale_scores_good():
    assert ids(decided(agents(10, age_s=7200), association=owner())) == ["id-9"]


@pytest.mark.parametrize("ago_s", [0, 1])
def test_an_expired_association_is_passed_over(ago_s):
    expired = owner(expires_at=NOW - timedelta(seconds=ago_s))
    assert ids(decided(agents(10), association=expired)) == ["id-0"]


def test_an_association_that_has_not_expired_holds():
    assert ids(decided([], association=owner(expires_at=NOW + timedelta(seconds=1)))) == ["id-9"]


@pytest.mark.parametrize("agent_id", ["", " ", "x" * 257])
def test_an_agent_without_a_usable_id_cannot_be_offered(agent_id):
    rows = [Candidate("agent-0", agent_id, 1, NOW)]
    assert decided(rows, association=owner(agent_id)).reason == Reason.NO_CANDIDATES


@pytest.mark.parametrize(
    ("age_s", "reason"),
    [
        (0, Reason.LEAST_WORKLOAD),
        (300, Reason.LEAST_WORKLOAD),
        (301, Reason.WIDENED),
        (1800, Reason.WIDENED),
        (1801, Reason.STALE),
        (-300, Reason.LEAST_WORKLOAD),
        (-301, Reason.STALE),
    ],
)
def test_scores_are_trusted_by_their_age(age_s, reason):
    assert decided(agents(10, 20, age_s=age_s), live=all_free(2)).reason == reason


def test_stale_scores_mean_the_default_queue():
    decision = decided(agents(10, age_s=7200))
    assert (decision.decision, decision.agents) == ("DEFAULT", ())


@given(st.integers(-(10**6), 10**6), st.integers(0, 30))
@example(1801, 0)
@example(-301, 0)
def test_no_stale_row_is_ever_offered(age_s, others):
    stale = Candidate("old", "id-old", 0, NOW - timedelta(seconds=age_s))
    offered = ids(decided([stale, *agents(*range(others))]))
    assert "id-old" not in offered or -300 <= age_s <= 1800


def test_an_agent_whom_the_newest_scores_do_not_name_is_passed_over():
    rows = [*agents(0, age_s=600), Candidate("new", "id-new", 9000, NOW)]
    assert ids(decided(rows)) == ["id-new"]


def test_old_scores_widen_the_choice():
    assert len(decided(agents(*range(40), age_s=600)).agents) == 6


def test_old_scores_spread_the_first_offer():
    rows = agents(*range(40), age_s=600)
    firsts = {ids(decided(rows, CALL._replace(contact_id=f"c-{i}")))[0] for i in range(300)}
    assert len(firsts) > 30


def test_old_scores_still_favour_the_less_loaded():
    rows = agents(*range(40), age_s=600)
    firsts = [decided(rows, CALL._replace(contact_id=f"c-{i}")).agents[0] for i in range(600)]
    # The lesser of two uniform draws from 0 to 39 is 13 on average, a single draw 19.5.
    assert sum(offer.workload for offer in firsts) / 600 == pytest.approx(13, abs=1.5)


def test_a_widened_choice_of_few_offers_them_all():
    assert sorted(ids(decided(agents(3, 1, 2, age_s=600)))) == ["id-0", "id-1", "id-2"]


def test_no_scores_mean_the_default_queue():
    assert decided([]).reason == Reason.NO_CANDIDATES


def test_no_call_type_means_the_default_queue():
    assert decided([], CALL._replace(call_type=None)).reason == Reason.NO_CALL_TYPE


def test_a_retry_has_the_same_decision_id():
    rows = agents(10, 20)
    assert decided(rows).decision_id == decided(rows).decision_id


def test_another_contact_has_another_decision_id():
    rows = agents(10, 20)
    other = decided(rows, CALL._replace(contact_id="c-2"))
    assert other.decision_id != decided(rows).decision_id


def test_the_response_is_a_flat_map_for_the_flow():
    assert response(decided(agents(10, 20, age_s=42), live=all_free(2))) == {
        "decision": "CANDIDATES",
        "reason": "LEAST_WORKLOAD",
        "decisionId": decided(agents(10, 20)).decision_id,
        "policy": "v2",
        "dataAgeSeconds": "42",
        "count": "2",
        "agent1": "id-0",
        "agent2": "id-1",
        **{f"agent{place}": "NONE" for place in range(3, 11)},
        "priority": "5",
        "affinity": "NONE",
        "owner": "NONE",
        "reserved": "NONE",
        "overflowQueue": "NONE",
        "visitedQueues": "NONE",
    }


def test_a_default_response_has_the_same_keys():
    assert tuple(response(default(Contact(), Reason.FAILED, POLICY, "x"))) == RESPONSE_KEYS


def test_the_reason_for_the_log_does_not_go_to_the_flow():
    assert "secret" not in response(default(CALL, Reason.FAILED, POLICY, "secret")).values()


@given(
    st.lists(
        st.builds(
            Candidate,
            st.text(max_size=9),
            st.text(max_size=300),
            st.integers(-(10**9), 10**9),
            st.datetimes(timezones=st.just(UTC)),
        ),
        max_size=20,
    ),
    st.integers(1, 10**6),
    st.text(max_size=20) | st.none(),
)
def test_any_decision_fits_the_flow(rows, n, contact_id):
    answer = response(decided(rows, Contact(contact_id, "claims", n=n)))
    assert tuple(answer) == RESPONSE_KEYS
    assert all(isinstance(value, str) and value for value in answer.values())
    assert sum(len(value.encode()) for value in answer.values()) < 30_000
