"""A recommended overflow as the router and routing profiles have it."""

from __future__ import annotations

from transforms.workforce.centre_outcome import SkillOutcome
from transforms.workforce.centre_simulation import Lending
from transforms.workforce.overflow import NOBODY, Setting, Tried
from transforms.workforce.overflow_config import overflow_config

CALL_TYPES = {"Billing": ("invoice", "payment"), "Sales": ("quote",), "Claims": ("damage",)}


def config(setting: Setting, *lendings: Lending, ids: dict[str, str] | None = None):
    tried = Tried(setting, lendings, {"Billing": SkillOutcome()}, (0.0,))
    return overflow_config(tried, CALL_TYPES, ids or {})


def lenders(*lendings: Lending):
    return config(Setting(3, 0, 1), *lendings)["routing"]["policy"]["lenders"]


def test_every_call_type_of_a_queue_asks_the_main_call_type_of_its_lenders():
    assert lenders(Lending("Sales", "Billing", 0, 1), Lending("Claims", "Billing", 0, 3)) == {
        name: [{"call_type": "quote", "reserve": 1}, {"call_type": "damage", "reserve": 3}]
        for name in ("invoice", "payment")
    }


def test_a_lender_known_by_one_of_the_borrowers_call_types_is_left_out_there():
    assert lenders(Lending("Billing", "Sales", 0, 0), Lending("Billing", "invoice", 0, 0)) == {
        "quote": [{"call_type": "invoice", "reserve": 0}]
    }


def test_lending_at_once_leaves_the_routing_profiles_alone():
    assert config(Setting(3, 0, 1), Lending("Sales", "Billing"))["routing_profiles"] == {}


def test_lending_after_a_delay_goes_into_the_lenders_routing_profiles():
    found = config(Setting(1, 20, 0), Lending("Sales", "Billing", 20, 0), ids={"Billing": "q-1"})
    assert found["routing"]["policy"]["lenders"] == {}
    assert found["routing_profiles"] == {
        "Sales": [
            {
                "QueueReference": {"QueueId": "q-1", "Channel": "VOICE"},
                "Priority": 2,
                "Delay": 20,
            }
        ]
    }


def test_a_delay_stays_in_the_range_of_a_routing_profile():
    found = config(Setting(1, 99_999, 0), Lending("Sales", "Billing", 99_999, 0))
    assert found["routing_profiles"]["Sales"][0]["Delay"] == 9999


def test_where_nobody_lends_there_is_nothing_to_put_to_work():
    found = config(NOBODY)
    assert (found["routing"]["policy"]["lenders"], found["routing_profiles"]) == ({}, {})
