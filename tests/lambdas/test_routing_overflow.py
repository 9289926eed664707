import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.routing.overflow import OverflowPolicy, QueueState, overflow

BUSY = QueueState("own", idle=0, waiting=1)
QUEUES = st.builds(
    QueueState,
    st.sampled_from(["own", "a", "b", "c", "d"]),
    st.integers(0, 3),
    st.integers(0, 2),
    st.floats(0, 100),
)
POLICIES = st.builds(OverflowPolicy, st.integers(0, 2), st.integers(0, 4), st.floats(0, 50))


def lender(name="a", idle=2, waiting=0):
    return QueueState(name, idle, waiting)


def test_the_first_recommended_lender_that_can_lend_does():
    lenders = [lender("a", idle=1), lender("b", waiting=1), lender("c"), lender("d", idle=9)]
    assert overflow(BUSY, lenders) == "c"


@pytest.mark.parametrize(("idle", "expected"), [(0, None), (1, None), (2, "a")])
def test_a_lender_keeps_one_agent_back(idle, expected):
    assert overflow(BUSY, [lender(idle=idle)]) == expected


def test_a_queue_with_a_free_agent_borrows_nobody():
    assert overflow(QueueState("own", idle=1), [lender()]) is None


@pytest.mark.parametrize(("waited_s", "expected"), [(19.9, None), (20, "a")])
def test_a_policy_may_let_contacts_wait_first(waited_s, expected):
    queue = BUSY._replace(waited_s=waited_s)
    assert overflow(queue, [lender()], policy=OverflowPolicy(after_s=20)) == expected


def test_a_queue_that_was_visited_is_closed():
    assert overflow(BUSY, [lender("a"), lender("b")], ["a"]) == "b"


@pytest.mark.parametrize("visited", [["a", "b"], ["a", "b", "own"]])
def test_two_transfers_are_the_most(visited):
    assert overflow(BUSY, [lender("c")], visited) is None


@given(st.lists(st.lists(QUEUES, max_size=6), min_size=8, max_size=8), POLICIES)
def test_a_contact_visits_no_queue_twice_and_ends_after_the_most_transfers(floors, policy):
    here, visited = QueueState("own", 0), ["own"]
    for floor in floors:
        onward = overflow(here, floor, visited, policy)
        if onward is None:
            break
        taken = next(queue for queue in floor if queue.queue_id == onward and not queue.waiting)
        assert any(
            queue.queue_id == onward and queue.waiting == 0 and queue.idle > policy.reserve
            for queue in floor
        )
        assert onward not in visited
        visited.append(onward)
        here = taken._replace(idle=0, waited_s=100)
    else:
        pytest.fail("the contact goes on for ever")
    assert len(visited) - 1 <= policy.most_transfers
