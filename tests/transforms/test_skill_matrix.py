"""The target skills: whole, chained, mostly what is known already, and nearly as good as all."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.transforms.random_centres import unequal_centre
from tests.transforms.small_centres import small_centre
from transforms.workforce.skill_matrix import chain, first_skills, skill_matrix

CENTRE = small_centre(2)


@pytest.fixture(scope="module")
def found():
    return skill_matrix(CENTRE, days=6)


def test_the_chain_has_every_skill_once():
    assert sorted(chain(CENTRE)) == [skill.name for skill in CENTRE.skills]


def test_first_skills_add_up_to_the_agents():
    centre = unequal_centre(1)
    assert sum(first_skills(centre).values()) == len(centre.agents)


def test_every_agent_has_the_first_skills_that_staffing_asks_for(found):
    held = Counter(seat[0] for seat in found.target.skills.values())
    assert held == first_skills(CENTRE)


def test_a_second_skill_is_the_next_in_the_chain(found):
    after = dict(zip(found.chain, (*found.chain[1:], found.chain[0]), strict=True))
    second = {seat for seat in found.designs[-1].skills.values() if len(seat) > 1}
    assert second == {(name, after[name]) for name in found.chain}


def test_nobody_has_more_than_two_skills(found):
    assert max(len(seat) for seat in found.target.skills.values()) == 2


def test_two_chained_skills_bring_most_of_what_all_would(found):
    assert found.designs[-1].cut.value > 0.7 * found.everybody.cut.value


def test_the_target_saves_waiting_against_today(found):
    assert found.target.cut.low > 0
