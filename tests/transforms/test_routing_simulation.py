"""A simulated day does what its description says, by hand and by law."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.workforce.invented_day import invented_day
from transforms.workforce.routing_simulation import (
    Call,
    Case,
    Centre,
    Offers,
    Seen,
    Timing,
    Worker,
    simulated,
)
from transforms.workforce.score import Weights

HOUR = 3600.0
PROMPT = Timing(refresh_s=60, publish_s=0, news_s=0, ring_s=0, reserved_s=60)
ADA = Worker("ada", frozenset({"billing"}), 0, HOUR)
BELA = Worker("bela", frozenset({"billing", "claims"}), 0, HOUR)


def call(at_s: float, call_type: str = "billing", handle_s: float = 100, **rest) -> Call:
    return Call(f"c-{at_s}", at_s, call_type, handle_s, rest.pop("patience_s", 1000), **rest)


def first_three(_call: Call, seen: Seen) -> Offers:
    return Offers([row.agent_id for row in seen.scores[:3]])


def nobody(_call: Call, _seen: Seen) -> Offers:
    return Offers([])


def only(*agents: str):
    return lambda _call, _seen: Offers(agents)


def outcome(workers, calls, policy, timing=PROMPT, **rest):
    return simulated(Centre(workers, calls, **rest), policy, timing, Weights())


def test_an_offered_agent_who_is_free_takes_the_call_at_once():
    found = outcome([ADA], [call(10)], only("ada"))
    assert (
        found.calls, found.placed_share, found.fallback_share, found.mean_wait_s
    ) == (1, 1.0, 0.0, 0.0)  # fmt: skip


def test_the_offers_are_tried_in_their_order():
    calls = [call(10), call(11, owner="bela")]
    assert outcome([ADA, BELA], calls, only("ada", "bela")).owner_share == 1.0
    assert outcome([ADA, BELA], calls, only("bela", "ada")).owner_share == 0.0


def test_a_call_that_could_have_been_taken_by_somebody_else_is_missed():
    found = outcome([ADA, BELA], [call(10), call(20)], only("ada"))
    assert (found.fallback_share, found.missed_share) == (0.5, 0.5)


def test_a_call_that_nobody_could_take_is_not_missed():
    found = outcome([ADA], [call(10), call(20)], only("ada"))
    assert (found.fallback_share, found.missed_share) == (0.5, 0.0)


def test_the_default_queue_gives_the_longest_waiting_call_to_who_gets_free():
    found = outcome([ADA], [call(10), call(20), call(30)], nobody)
    assert found.mean_wait_s == (0 + 90 + 180) / 3


def test_a_caller_without_patience_gives_up():
    found = outcome([ADA], [call(10), call(20, patience_s=5)], nobody)
    assert found.abandoned_share == 0.5


def test_an_agent_takes_no_call_of_a_type_that_he_cannot():
    found = outcome([ADA], [call(10, "claims")], nobody)
    assert (found.fallback_share, found.abandoned_share) == (1.0, 1.0)


def test_a_call_in_hand_is_finished_after_the_end_of_the_shift():
    found = outcome([ADA], [call(HOUR - 1), call(HOUR + 1)], only("ada"))
    assert (found.placed_share, found.abandoned_share) == (0.5, 0.5)


def test_news_of_an_agent_takes_its_time():
    seen = []

    def watching(_call: Call, what: Seen) -> Offers:
        seen.append(what.live["ada"].is_free)
        return Offers(["ada"])

    outcome([ADA], [call(10), call(12), call(16)], watching, PROMPT._replace(news_s=5))
    assert seen == [True, True, False]


def test_a_reservation_is_pending_until_the_news_and_assigned_after_it():
    seen = []

    def reserving(_call: Call, what: Seen) -> Offers:
        seen.append((what.pending["ada"], list(what.assigned["ada"])))
        return Offers(["ada"], reserved="ada")

    outcome([ADA], [call(10), call(12), call(300)], reserving, PROMPT._replace(news_s=5))
    assert seen[:2] == [(0, []), (1, [10])]
    assert seen[2] == (0, [10])


def test_scores_are_those_of_the_last_published_snapshot():
    seen = []

    def watching(_call: Call, what: Seen) -> Offers:
        seen.append([(row.agent_id, row.as_of_s) for row in what.scores])
        return Offers([])

    timing = PROMPT._replace(refresh_s=100, publish_s=30)
    outcome([ADA], [call(10), call(129), call(131)], watching, timing)
    assert seen == [[], [("ada", 0)], [("ada", 100)]]


def test_idle_time_does_offline_work_and_cases_add_to_it():
    seen = []

    def watching(_call: Call, what: Seen) -> Offers:
        seen.append(what.scores[0].workload)
        return Offers([])

    busy = ADA._replace(backlog_minutes=10)
    calls = [call(1, handle_s=1), call(900, handle_s=1), call(1800, handle_s=1)]
    outcome([busy], calls, watching, cases=[Case(1000, "ada", 60)])
    assert seen[1] < seen[0] < seen[2]


def test_what_happens_in_the_warm_up_does_not_count():
    found = outcome([ADA], [call(10), call(2000)], only("ada"), from_s=1000)
    assert found.calls == 1


@given(st.integers(2, 12), st.floats(0.2, 0.95), st.integers(0, 10**6))
def test_every_call_is_placed_or_falls_back(agents, occupancy, seed):
    found = simulated(invented_day(agents, occupancy, seed), first_three, Timing(), Weights())
    assert pytest.approx(found.placed_share + found.fallback_share) == 1.0
    assert found.missed_share <= found.fallback_share
    assert found.abandoned_share <= found.fallback_share


def test_the_same_day_under_the_same_policy_has_the_same_outcome():
    assert simulated(invented_day(10, 0.7, 3), first_three, Timing(), Weights()) == simulated(
        invented_day(10, 0.7, 3), first_three, Timing(), Weights()
    )


@pytest.mark.parametrize("occupancy", [0.6, 0.8])
def test_an_invented_day_is_as_busy_as_asked(occupancy):
    found = simulated(invented_day(60, occupancy, 1), nobody, Timing(), Weights())
    mean = (found.listed_occupancy + found.other_occupancy) / 2
    assert occupancy == pytest.approx(mean, abs=0.08)
