"""The ledger: what it is told goes to the right group, day and quarter of an hour."""

from __future__ import annotations

from ingestion.agent_truth import Ring, doing
from ingestion.contact_truth import ContactFacts
from ingestion.truth import Truth
from tests.ingestion.simulated import small_run

CONTACT = ContactFacts("refund", "exchange", "Returns", "VOICE", "INBOUND", 0, 86_400_000)
AVAILABLE = doing((), is_custom=False)


def test_a_contact_counts_in_each_of_its_groups() -> None:
    truth = Truth()
    truth.contact(CONTACT)
    groups = {by: list(names) for by, names in truth.as_dict()["contact_metrics"].items()}
    assert groups == {
        "all": ["ALL"],
        "category": ["refund"],
        "queue": ["Returns"],
        "channel": ["VOICE"],
        "day": ["1970-01-01"],
        "disconnect_day": ["1970-01-02"],
    }


def test_a_chain_is_counted_with_its_first_contact() -> None:
    truth = Truth()
    truth.contact(CONTACT._replace(next_method="TRANSFER"))
    truth.contact(CONTACT._replace(number=2))
    chains = truth.as_dict()["journeys"]
    assert [chains[name] for name in ("chains", "legs", "transfers_warm")] == [1, 2, 1]


def test_intervals_are_kept_only_on_request() -> None:
    assert "calls" not in Truth().as_dict()


def test_an_interval_is_the_quarter_of_an_hour_of_the_initiation() -> None:
    truth = Truth(intervals=True)
    truth.contact(CONTACT._replace(initiated_ms=1_799_999))
    [row] = truth.as_dict()["calls"]
    assert row["interval_start"] == "1970-01-01T00:15:00Z"


def test_quarters_of_an_hour_add_up_to_the_whole() -> None:
    truth = small_run().truth
    whole = truth["contact_metrics"]["all"]["ALL"]
    names = ("contacts", "contacts_queued", "contacts_abandoned", "wait_ms", "handle_time_ms")
    summed = {name: sum(row[name] for row in truth["calls"]) for name in names}
    assert {name: whole[name] for name in names} == summed


def test_time_in_a_state_is_cut_at_midnight() -> None:
    truth = Truth()
    truth.agent_time("ada.alder", AVAILABLE, 86_399_000, 86_402_500)
    expected = {"1970-01-01": {"available": 1000}, "1970-01-02": {"available": 2500}}
    assert expected == truth.as_dict()["agent_state_ms_by_day"]


def test_a_ringing_counts_on_the_day_it_began_and_lasts_on_both() -> None:
    truth = Truth()
    truth.agent_time("ada.alder", AVAILABLE, 0, 172_800_000)
    truth.ring(Ring("ada.alder", "API", "CHAT", 86_399_000, 86_402_500, "MISSED"))
    days = truth.as_dict()["agent_metrics_by_day"].values()
    told = [(day["api_connecting_attempts"], day["api_connecting_ms"]) for day in days]
    assert told == [(1, 1000), (0, 2500)]


def test_agents_without_open_work_are_left_out() -> None:
    truth = Truth()
    truth.work("ada.alder", 30)
    truth.work("ada.alder", -30)
    assert truth.as_dict()["open_work"] == {}
