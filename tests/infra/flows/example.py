"""An invented instance's flows: the example file, and ways to vary it."""

from dataclasses import replace
from pathlib import Path

from hypothesis import strategies as st

from infra.flows.config import read

EXAMPLE_PATH = Path(__file__).parents[3] / "infra" / "flows.example.toml"
EXAMPLE = read(EXAMPLE_PATH)
INSTANCE = EXAMPLE.instance_arn


def queue_arn(n):
    return f"{INSTANCE}/queue/{n:08x}-0000-4000-8000-000000000000"


def call_types():
    return st.dictionaries(
        st.sampled_from(["claims", "cards", "loans", "home"]),
        st.integers(0, 3).map(queue_arn),
        max_size=4,
    )


@st.composite
def configs(draw):
    """Any valid config: call types told by flow or contact, k, expiries, tiers, prompts."""
    queues = draw(call_types())
    first_s, then_s = draw(st.integers(1, 600)), draw(st.integers(1, 600))
    interrupt_s = draw(st.integers(21, 600))
    least = (first_s + then_s) // interrupt_s + 1
    one = draw(st.sampled_from([None, *queues]))
    other = draw(st.booleans()) or not queues
    return replace(
        EXAMPLE,
        standard_queues=queues,
        standard_queue_arn=queue_arn(9) if other else None,
        call_type=one,
        candidates=draw(st.integers(1, 10)),
        associated_expiry_s=first_s,
        best_expiry_s=then_s,
        invocation_limit_s=draw(st.integers(1, 8)),
        priorities=tuple(draw(st.lists(st.integers(1, 20), unique=True, max_size=10))),
        prompts=tuple(
            draw(st.lists(st.sampled_from(["Wait.", "Bitte warten."]), min_size=1, max_size=3))
        ),
        interrupt_s=interrupt_s,
        agent_queue_rounds=draw(st.integers(1, 5)),
        standard_queue_rounds=least + draw(st.integers(0, 5)),
    )
