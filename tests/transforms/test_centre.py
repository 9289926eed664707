"""Days drawn from a centre: what its description says, and the same draws whatever else changes."""

from __future__ import annotations

import numpy as np
import pytest

from transforms.workforce.centre import (
    NEVER_MS,
    Agent,
    Centre,
    CentreError,
    Skill,
    Span,
    day,
    spans_ms,
    with_agents,
    with_skill,
    with_volume,
)

MORNING, EVENING = (Span(0, 14_400),), (Span(14_400, 28_800),)
CENTRE = Centre(
    (
        Skill("billing", (30.0, 5.0) * 16, 240.0, 60.0, 1.2, 300.0),
        Skill("claims", (10.0,) * 32, 400.0, 0.0, 0.8),
    ),
    (
        Agent("ada", {"billing": 0.9}, MORNING),
        Agent("bela", {"billing": 1.0, "claims": 1.1}, EVENING),
        Agent("cleo", {"claims": 1.0}, EVENING),
    ),
)


PINNED = [  # if a new numpy draws otherwise, it shows here
    (11905, 0, 108130, 141203, 227305),
    (29333, 0, 65040, 37120, 322542),
    (38863, 0, 73844, 79878, 169800),
]


def calls(drawn, skill=None):
    rows = zip(*(column.tolist() for column in drawn), strict=True)
    return [row for row in rows if skill is None or row[1] == skill]


def many_calls(count=40):
    return [np.concatenate(columns) for columns in zip(*(day(CENTRE, 1, n) for n in range(count)),
                                                       strict=True)]  # fmt: skip


def test_a_day_is_drawn_the_same_everywhere():
    assert calls(day(CENTRE, 7, 1))[:3] == PINNED


def test_calls_are_in_order_of_arrival():
    at = day(CENTRE, 1, 1).at_ms
    assert (np.diff(at) >= 0).all()


def test_days_differ_by_number():
    assert calls(day(CENTRE, 1, 1)) != calls(day(CENTRE, 1, 2))


def test_days_differ_by_seed():
    assert calls(day(CENTRE, 1, 1)) != calls(day(CENTRE, 2, 1))


def test_skills_of_equal_description_have_draws_of_their_own():
    twin = CENTRE.skills[0]._replace(name="twin")
    drawn = day(CENTRE._replace(skills=(CENTRE.skills[0], twin)), 1, 1)
    assert not {row[0] for row in calls(drawn, 0)} & {row[0] for row in calls(drawn, 1)}


@pytest.mark.parametrize("changed", [
    with_skill(CENTRE, "ada", "claims", 1.25),
    with_agents(CENTRE, "claims", 3),
    CENTRE._replace(agents=()),
])  # fmt: skip
def test_who_works_changes_no_draw(changed):
    assert calls(day(changed, 1, 1)) == calls(day(CENTRE, 1, 1))


def test_another_skill_changes_no_draw():
    alone = CENTRE._replace(skills=CENTRE.skills[1:])
    assert [row[2:] for row in calls(day(alone, 1, 1))] == [
        row[2:] for row in calls(day(CENTRE, 1, 1), 1)
    ]


def test_more_volume_keeps_the_old_calls():
    more = calls(day(with_volume(CENTRE, "billing", 1.2), 1, 1))
    assert set(more) > set(calls(day(CENTRE, 1, 1)))


def test_more_volume_adds_as_many_calls_as_it_says():
    more = with_volume(CENTRE, "billing", 1.2)
    added = sum(len(day(more, 1, n).at_ms) - len(day(CENTRE, 1, n).at_ms) for n in range(50))
    expected = 50 * 0.2 * sum(CENTRE.skills[0].arrivals)
    assert added == pytest.approx(expected, abs=3 * expected**0.5)


def test_less_volume_takes_calls_away_and_changes_none():
    less = calls(day(with_volume(CENTRE, "billing", 0.5), 1, 1))
    assert set(less) < set(calls(day(CENTRE, 1, 1)))


def test_more_volume_of_a_skill_leaves_the_calls_of_others():
    more = day(with_volume(CENTRE, "billing", 1.2), 1, 1)
    assert calls(more, 1) == calls(day(CENTRE, 1, 1), 1)


def test_another_handle_time_keeps_the_calls_and_scales_them():
    billing = CENTRE.skills[0]._replace(talk_s=480.0)
    slow = day(CENTRE._replace(skills=(billing, CENTRE.skills[1])), 1, 1)
    normal = day(CENTRE, 1, 1)
    assert np.abs(slow.talk_ms - np.where(normal.skill == 0, 2, 1) * normal.talk_ms).max() <= 1


def test_calls_come_as_often_as_each_interval_expects():
    at, skill, *_ = many_calls()
    busy = (skill == 0) & (at // 900_000 % 2 == 0)
    expected = 40 * 16 * 30
    assert busy.sum() == pytest.approx(expected, abs=3 * expected**0.5)


def test_calls_of_a_day_vary_like_a_poisson_count():
    counts = [len(day(CENTRE, 1, n).at_ms) for n in range(400)]
    assert np.var(counts) / np.mean(counts) == pytest.approx(1.0, abs=3 * (2 / 400) ** 0.5)


@pytest.mark.parametrize(("column", "mean_s", "spread"), [(2, 240, 1.2), (3, 60, 1.2), (4, 300, 1)])
def test_times_have_the_mean_and_spread_of_the_description(column, mean_s, spread):
    drawn = many_calls()
    times_s = drawn[column][drawn[1] == 0] / 1000
    assert times_s.mean() == pytest.approx(mean_s, abs=3 * times_s.std() / len(times_s) ** 0.5)
    assert times_s.std() / times_s.mean() == pytest.approx(spread, rel=0.1)


def test_nobody_hangs_up_where_patience_is_infinite():
    drawn = day(CENTRE, 1, 1)
    assert set(drawn.patience_ms[drawn.skill == 1].tolist()) == {NEVER_MS}


def test_a_centre_without_calls_has_empty_days():
    assert calls(day(Centre((), ()), 1, 1)) == []


def test_a_learnt_skill_is_the_agents_and_nobody_elses():
    changed = with_skill(CENTRE, "ada", "claims", 1.25)
    assert changed.agents == (
        CENTRE.agents[0]._replace(factors={"billing": 0.9, "claims": 1.25}), *CENTRE.agents[1:],
    )  # fmt: skip


def test_new_agents_work_in_the_shifts_of_their_skill():
    new = with_agents(CENTRE, "billing", 3).agents[3:]
    assert new == (
        Agent("new-billing-1", {"billing": 1.0}, MORNING),
        Agent("new-billing-2", {"billing": 1.0}, EVENING),
        Agent("new-billing-3", {"billing": 1.0}, MORNING),
    )


def test_new_agents_twice_have_names_of_their_own():
    twice = with_agents(with_agents(CENTRE, "billing", 1), "billing", 1)
    assert [agent.agent_id for agent in twice.agents[3:]] == ["new-billing-1", "new-billing-2"]


def test_new_agents_of_a_skill_that_nobody_has_work_all_day():
    alone = CENTRE._replace(agents=())
    assert with_agents(alone, "claims", 1).agents[0].shifts == (Span(0, 28_800),)


def test_of_those_who_go_specialists_go_first():
    assert [agent.agent_id for agent in with_agents(CENTRE, "claims", -1).agents] == ["ada", "bela"]


def test_touching_shifts_are_one():
    agent = Agent("ada", {}, (Span(50, 60), Span(0, 10), Span(10, 20), Span(30, 30)))
    assert spans_ms(agent) == [(0, 20_000), (50_000, 60_000)]


@pytest.mark.parametrize("change", [
    lambda: with_skill(CENTRE, "ada", "cliams", 1.0),
    lambda: with_agents(CENTRE, "cliams", 1),
    lambda: with_volume(CENTRE, "cliams", 2.0),
])  # fmt: skip
def test_an_unknown_skill_is_told_with_the_known_ones(change):
    with pytest.raises(CentreError, match=r"'cliams'.*billing, claims"):
        change()


def test_an_unknown_agent_is_told():
    with pytest.raises(CentreError, match="'zoe'"):
        with_skill(CENTRE, "zoe", "claims", 1.0)
