"""The invented centre."""

from __future__ import annotations

import pytest

from ingestion.centre import ImpossibleCentreError, invented_centre
from ingestion.centre_records import phone


def test_equal_arguments_make_equal_centres() -> None:
    assert invented_centre(agents=30, seed=4) == invented_centre(agents=30, seed=4)


def test_the_default_centre_has_100_agents_8_queues_and_12_categories() -> None:
    centre = invented_centre()
    sizes = (len(centre.agents), len(centre.queues), len(centre.categories))
    assert sizes == (100, 8, 12)


def test_every_category_has_two_to_four_tasks() -> None:
    assert {len(category.tasks) for category in invented_centre().categories} == {2, 3, 4}


def test_usernames_are_unique_even_in_a_large_centre() -> None:
    agents = invented_centre(agents=900).agents
    assert len({agent.username for agent in agents}) == 900


def test_every_queue_of_the_default_centre_has_agents() -> None:
    centre = invented_centre()
    held = {queue for agent in centre.agents for queue in agent.profile.queues}
    assert set(range(8)) == held


def test_an_understaffed_queue_keeps_some_agents_but_fewer() -> None:
    usual, short = invented_centre(), invented_centre(understaffed="Claims")
    claims = [queue.name for queue in usual.queues].index("Claims")
    before, after = (
        sum(claims in agent.profile.queues for agent in centre.agents) for centre in (usual, short)
    )
    assert 0 < after < before / 2


def test_an_unknown_understaffed_queue_is_refused_by_name() -> None:
    with pytest.raises(ImpossibleCentreError, match="No queue is named 'Nowhere'"):
        invented_centre(understaffed="Nowhere")


def test_fewer_categories_than_queues_are_refused() -> None:
    with pytest.raises(ImpossibleCentreError, match="without contacts"):
        invented_centre(queues=5, categories=4)


def test_a_centre_without_agents_is_refused() -> None:
    with pytest.raises(ImpossibleCentreError, match="at least one agent"):
        invented_centre(agents=0)


def test_phone_numbers_are_fictional() -> None:
    numbers = {phone(customer) for customer in range(10_000)}
    assert len(numbers) == 10_000
    assert {number[5:10] for number in numbers} == {"55501"}


def test_no_phone_number_has_a_service_code_for_an_area() -> None:
    assert not any(phone(customer)[3:5] == "11" for customer in range(10_000))
