"""Tiny days by hand, what the outcome counts, and comparisons on the same days."""

from __future__ import annotations

from functools import partial
from statistics import stdev

import numpy as np
import pytest

from transforms.workforce.centre import (
    NEVER_MS,
    Agent,
    Centre,
    CentreError,
    Day,
    Skill,
    Span,
    day,
    with_agents,
    with_skill,
)
from transforms.workforce.centre_simulation import (
    Job,
    Lending,
    Rules,
    best_pace,
    cost_rate,
    fewest_skills,
    simulated,
    simulations,
    traced,
)

A, B = 0, 1
SKILLS = (Skill("a", (0.0,), 100.0, priority=2), Skill("b", (0.0,), 100.0, priority=1, cost=3.0))
ALL_DAY = (Span(0, 900),)


def agent(name, *skills, shifts=ALL_DAY, **factors):
    return Agent(name, {**dict.fromkeys(skills, 1.0), **factors}, shifts)


def centre(*agents):
    return Centre(SKILLS, agents)


def of(*calls):
    """A day of calls: second, skill, seconds to handle, seconds of patience (else for ever)."""
    rows = [
        (at * 1000, skill, talk * 1000, 0, patience[0] * 1000 if patience else NEVER_MS)
        for at, skill, talk, *patience in calls
    ]
    return Day(*(np.array(column, np.int64) for column in zip(*rows, strict=True)))


def taken(found):
    """Per call: who took it and from which second to which; who did not get through, None."""
    rows = zip(*(column.tolist() for column in found[:3]), strict=True)
    return [(a, left / 1000, done / 1000) if a >= 0 else None for a, left, done in rows]


def test_an_idle_agent_takes_a_call_at_once():
    assert taken(traced(centre(agent("x", "a")), of((5, A, 10)))) == [(0, 5, 15)]


def test_a_call_goes_to_the_longest_idle():
    two = centre(agent("x", "a"), agent("y", "a"))
    day_ = of((0, A, 10), (5, A, 2), (20, A, 1))
    assert taken(traced(two, day_)) == [(0, 0, 10), (1, 5, 7), (1, 20, 21)]


def test_a_call_goes_to_the_fewest_skills_if_the_rules_say_so():
    two = centre(agent("x", "a", "b"), agent("y", "a"))
    assert taken(traced(two, of((5, A, 10)), Rules(fewest_skills))) == [(1, 5, 15)]


def test_a_call_goes_to_the_quickest_if_the_rules_say_so():
    two = centre(agent("x", a=1.2), agent("y", a=0.8))
    assert taken(traced(two, of((5, A, 10)), Rules(best_pace))) == [(1, 5, 13)]


def test_a_free_agent_takes_the_better_priority_first():
    one = centre(agent("x", "a", "b"))
    day_ = of((0, A, 10), (1, A, 10), (2, B, 10))
    assert taken(traced(one, day_)) == [(0, 0, 10), (0, 20, 30), (0, 10, 20)]


def test_a_free_agent_takes_the_longest_wait_of_equal_priority():
    skills = tuple(skill._replace(priority=1) for skill in SKILLS)
    one = Centre(skills, (agent("x", "a", "b"),))
    day_ = of((0, A, 10), (1, B, 10), (2, A, 10))
    assert taken(traced(one, day_)) == [(0, 0, 10), (0, 10, 20), (0, 20, 30)]


@pytest.mark.parametrize(("second_b", "first"), [(7, "b"), (8, "a")])
def test_a_free_agent_weighs_cost_and_wait_if_the_rules_say_so(second_b, first):
    """b costs three times as much: it wins from a wait of 3 s on against 8 or 9 s of a."""
    one = centre(agent("x", "a", "b"))
    found = traced(one, of((0, A, 10), (2, A, 9), (second_b, B, 9)), Rules(call_weight=cost_rate))
    assert (taken(found)[1][1] == 10) == (first == "a")


def test_a_caller_hangs_up_when_patience_ends():
    found = traced(centre(agent("x", "a")), of((0, A, 100), (10, A, 5, 30)))
    assert (taken(found)[1], found.left_ms[1]) == (None, 40_000)


def test_an_agent_who_is_free_at_the_last_instant_of_patience_still_answers():
    found = traced(centre(agent("x", "a")), of((0, A, 100), (10, A, 5, 90)))
    assert taken(found)[1] == (0, 100, 105)


def test_a_call_is_finished_after_the_shift_and_none_is_taken_then():
    one = centre(agent("x", "a", shifts=(Span(0, 50),)))
    assert taken(traced(one, of((40, A, 30), (45, A, 5)))) == [(0, 40, 70), None]


def test_a_shift_that_ends_takes_no_call_of_that_instant():
    one = centre(agent("x", "a", shifts=(Span(0, 50),)))
    assert taken(traced(one, of((50, A, 5)))) == [None]


def test_who_comes_back_from_a_break_takes_who_waits():
    one = centre(agent("x", "a", shifts=(Span(0, 50), Span(80, 200))))
    assert taken(traced(one, of((60, A, 5)))) == [(0, 80, 85)]


def test_a_call_that_outlasts_a_break_goes_on_into_the_next_shift():
    one = centre(agent("x", "a", shifts=(Span(0, 50), Span(80, 200))))
    assert taken(traced(one, of((40, A, 60), (60, A, 5)))) == [(0, 40, 100), (0, 100, 105)]


def test_time_over_the_shift_is_on_duty():
    one = centre(agent("x", "a", shifts=(Span(0, 50), Span(80, 100))))
    found = simulated(one, of((40, A, 30))).agents[0]
    assert (found.busy_ms, found.idle_ms, found.on_duty_ms) == (30_000, 60_000, 90_000)


# -- overflow: agents of a take calls of b ------------------------------------------------------

LENDERS = centre(agent("x", "a"), agent("y", "a"), agent("z", "b"))
BUSY_B = (0, B, 500)  # keeps z busy


def lending(**rest):
    return Rules(lendings=(Lending("a", "b", **{"slow": 1.0, "reserve": 0, **rest}),))


def test_nobody_is_lent_without_a_rule():
    assert taken(traced(LENDERS, of(BUSY_B, (10, B, 5, 60))))[1] is None


def test_a_lender_takes_the_call_at_once_without_delay():
    assert taken(traced(LENDERS, of(BUSY_B, (10, B, 5)), lending()))[1] == (0, 10, 15)


def test_a_lent_agent_is_slower():
    assert taken(traced(LENDERS, of(BUSY_B, (10, B, 8)), lending(slow=1.25)))[1] == (0, 10, 20)


def test_a_lender_takes_the_call_when_the_delay_has_passed():
    assert taken(traced(LENDERS, of(BUSY_B, (10, B, 5)), lending(after_s=20)))[1] == (0, 30, 35)


def test_a_lender_comes_too_late_for_less_patience_than_the_delay():
    assert taken(traced(LENDERS, of(BUSY_B, (10, B, 5, 19)), lending(after_s=20)))[1] is None


def test_a_reserve_stays_with_its_own_queue():
    day_ = of(BUSY_B, (10, B, 50), (11, B, 5))
    assert taken(traced(LENDERS, day_, lending(reserve=1)))[1:] == [(0, 10, 60), (0, 60, 65)]


def test_a_reserve_as_large_as_the_queue_lends_nobody():
    assert taken(traced(LENDERS, of(BUSY_B, (10, B, 5, 60)), lending(reserve=2)))[1] is None


def test_own_callers_come_before_those_of_others():
    one = centre(agent("x", "a"), agent("z", "b"))
    day_ = of(BUSY_B, (10, A, 10), (11, B, 5), (12, A, 5))
    assert taken(traced(one, day_, lending()))[1:] == [(0, 10, 20), (0, 25, 30), (0, 20, 25)]


@pytest.mark.parametrize(("first_a", "first_c", "lent"), [(0, 1, 0), (1, 0, 1)])
def test_of_two_queues_that_would_lend_the_longest_idle_agent_is_lent(first_a, first_c, lent):
    """x and y finish a call each, one a second before the other; then b needs somebody."""
    three = Centre((*SKILLS, Skill("c", (0.0,), 100.0)), (agent("x", "a"), agent("y", "c")))
    rules = Rules(lendings=(Lending("c", "b", 0, 0, 1.0), Lending("a", "b", 0, 0, 1.0)))
    calls = sorted([(first_a, A, 5), (first_c, 2, 5)])
    assert taken(traced(three, of(*calls, (10, B, 5)), rules))[2] == (lent, 10, 15)


def test_lent_calls_are_counted_with_the_borrower():
    found = simulated(LENDERS, of(BUSY_B, (10, B, 5)), lending())
    assert [skill.lent for skill in found.skills] == [0, 1]


@pytest.mark.parametrize("pair", [("a", "c"), ("a", "a")])
def test_a_lending_that_cannot_be_is_told(pair):
    with pytest.raises(CentreError, match="Lending"):
        traced(LENDERS, of(BUSY_B), Rules(lendings=(Lending(*pair),)))


# -- what the outcome counts --------------------------------------------------------------------

COUNTED = simulated(
    centre(agent("x", "a"), agent("y", "b")),
    of((0, A, 40), (10, A, 50), (20, A, 5, 30), (25, A, 10, 1000), (30, A, 900), (40, A, 5)),
    overlap=True,
)


def test_each_call_is_answered_abandoned_or_waiting_at_the_end():
    a = COUNTED.skills[A]
    assert (a.offered, a.answered, a.abandoned, a.waiting) == (6, 4, 1, 1)


def test_waits_are_summed_by_how_they_ended():
    a = COUNTED.skills[A]
    assert (a.answered_wait_ms, a.abandoned_wait_ms, a.wait_ms) == (
        1000 * (0 + 30 + 65 + 70), 1000 * 30, 1000 * (165 + 30 + 860),
    )  # fmt: skip


def test_answered_within_the_target_and_beyond_it():
    a = COUNTED.skills[A]
    assert (a.in_target, a.breach_ms) == (1, 1000 * (10 + 10 + 45 + 50 + 840))


def test_a_quick_hang_up_counts_as_gone_in_the_target():
    found = simulated(centre(agent("x", "a")), of((0, A, 100), (1, A, 5, 20), (2, A, 5, 21)))
    assert (found.in_all.in_target, found.in_all.gone_in_target) == (1, 2)


def test_resolution_runs_from_the_call_made_to_the_work_done():
    a = COUNTED.skills[A]
    assert (a.handle_ms, a.resolution_ms) == (1000 * 1000, 1000 * (40 + 80 + 75 + 970))


def test_the_whole_is_the_sum_of_its_skills():
    assert COUNTED.in_all == COUNTED.skills[A]


def test_overlap_is_idle_time_while_callers_of_another_skill_waited():
    assert COUNTED.overlap_ms == ((0, 0), (1000 * (900 - 10), 0))


def test_overlap_is_not_reckoned_unless_asked_for():
    assert simulated(LENDERS, of(BUSY_B)).overlap_ms == ()


def test_a_centre_in_which_nobody_works_answers_nobody():
    assert simulated(centre(), of((0, A, 5, 10))).in_all.abandoned == 1


def test_a_day_without_calls_is_idle():
    empty = Day(*(np.empty(0, np.int64) for _ in range(5)))
    found = simulated(centre(agent("x", "a")), empty)
    assert (found.in_all.offered, found.agents[0].idle_ms) == (0, 900_000)


def test_a_day_of_many_months_is_refused():
    with pytest.raises(CentreError, match="99 days"):
        traced(centre(agent("x", "a")), of((100 * 86_400, A, 5)))


# -- comparisons on the same days ---------------------------------------------------------------


def pools(**sizes):
    """So many agents a pool, at 90 % occupancy, for 8 hours."""
    agents = [
        agent(f"{k}-{n}", k, shifts=(Span(0, 28_800),)) for k in sizes for n in range(sizes[k])
    ]
    skills = (Skill(k, (0.9 * count * 900 / 300,) * 32, 300.0, patience_s=600.0)
              for k, count in sizes.items())  # fmt: skip
    return Centre(tuple(skills), tuple(agents))


POOLS = pools(a=8, b=14)


def waits(centre_, seed):
    days = (day(centre_, seed, number) for number in range(40))
    return [simulated(centre_, each).in_all.wait_ms for each in days]


def test_the_same_days_show_a_difference_with_far_less_luck():
    trained = with_skill(POOLS, "b-3", "a", 1.1)
    before, after, elsewhere = waits(POOLS, 1), waits(trained, 1), waits(trained, 2)
    paired, independent = (
        stdev(x - y for x, y in zip(before, other, strict=True)) for other in (after, elsewhere)
    )
    assert paired < 0.4 * independent


def test_simulations_over_processes_are_those_of_one_in_order():
    shared = [day(POOLS, 1, number) for number in range(3)]
    rules = Rules(best_pace, cost_rate, (Lending("a", "b"),))
    jobs = [Job(with_agents(POOLS, "a", n), d, rules, overlap=True) for n in (0, 1) for d in shared]
    assert simulations(jobs, workers=2) == simulations(jobs, workers=1)


def test_the_same_day_has_the_same_outcome_to_the_byte():
    run = partial(simulated, POOLS, day(POOLS, 1, 1), overlap=True)
    assert repr(run()) == repr(run())
