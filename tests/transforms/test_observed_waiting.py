"""Waiting that passed while somebody able counted as available."""

from __future__ import annotations

import pytest

from tests.transforms.test_observed_centre import call, holds, seen, state

BILLING = holds("ada", "Billing")


def share(calls, *states, skills=BILLING):
    return seen(calls, list(states), skills).beside_available_share


@pytest.mark.parametrize(
    ("available", "expected"),
    [
        ([(0, 60)], 0.0),  # before the call came
        ([(104, 200)], 0.6),  # for six of the ten seconds
        ([(0, 101), (103, 104), (108, 300)], 0.4),  # in parts
        ([(0, 300)], 1.0),
    ],
)
def test_the_wait_counts_by_the_time_that_somebody_was_free(available, expected):
    assert share([call(100)], *(state(*span) for span in available)) == pytest.approx(expected)


def test_two_free_agents_count_once():
    states = [state(0, 105), state(102, 107, "bob")]
    skills = [*BILLING, *holds("bob", "Billing")]
    assert share([call(100)], *states, skills=skills) == pytest.approx(0.7)


def test_who_has_not_the_skill_does_not_count():
    skills = [*BILLING, *holds("bob", "Claims")]
    assert share([call(100)], state(0, 50), state(0, 300, "bob"), skills=skills) == 0.0


def test_who_is_on_a_contact_does_not_count():
    assert share([call(100)], state(0, 50), state(50, 300, name="on_contact")) == 0.0


def test_nobody_waited():
    assert share([call(100, queue_time_ms=0)], state(0, 300)) == 0.0
