"""Who is proposed for which training, and what people decided."""

from __future__ import annotations

import pyarrow as pa

from transforms.schema import Column, Fact, Table
from transforms.tables.columns import TEXT, at, count, text

STATUSES = ("proposed", "approved", "declined")


def _number(name: str, doc: str, minimum: float | None = None) -> Column:
    return Column(name, pa.float64(), doc, minimum=minimum)


def _texts(name: str, doc: str) -> Column:
    return Column(name, pa.list_(TEXT), doc)


_SIDES = {"before": "today", "after": "after this training and those before it"}

UPSKILLING_RECOMMENDATION = Table(
    "upskilling_recommendation",
    "One row per cycle and agent proposed for a training: its effect in a simulation, the reasons, "
    "and who decided.",
    (
        text("cycle", "Round of trainings that the row belongs to", required=True),
        count("place", "Order in which the trainings were chosen, from 1"),
        text("agent_username", "Agent's login name", required=True),
        text("skill", "Skill to learn", required=True),
        text("agent_hierarchy_group", "Agent's hierarchy group; null if not known"),
        Column("status", TEXT, "What people decided", required=True, values=STATUSES),
        text("decided_by", "Who approved or declined"),
        at("decided_at", "Approved or declined"),
        text("note", "What the person who decided wrote"),
        _number("training_hours", "Length of the training (hours)", 0),
        _number("handle_time_factor", "Expected handle time in the skill over the usual", 0),
        _number("wait_cut", "Saved share of all waiting, on top of the trainings before it"),
        _number("wait_cut_low", "Lower end of the 95 % interval of `wait_cut`"),
        _number("wait_cut_high", "Upper end of the 95 % interval of `wait_cut`"),
        *(
            _number(f"{name}_{side}", f"{doc}, simulated, {when}", 0)
            for name, doc in (
                ("mean_wait_s", "Mean time in queue of all contacts (seconds)"),
                ("abandonment", "Share of contacts abandoned"),
                ("service_level", "Share that left the queue within the target"),
                ("avg_resolution_time_s", "Call made to after-contact work done (seconds)"),
            )
            for side, when in _SIDES.items()
        ),
        _texts("losers", "Queues that surely wait longer"),
        _texts("reasons", "Why, in sentences"),
        _texts("alternatives", "The next best, and what would have changed the choice"),
        text("detail", "The whole estimate as JSON: every queue with intervals, the evidence"),
        at("as_of", "Newest instant that the lake knew", required=True),
        text("policy_version", "SHA-256 of the policy in force", required=True),
    ),
    key=("cycle", "agent_username"),
    sort_by=("cycle", "place", "agent_username"),
    facts=(
        Fact("a decision names who and when", "(status = 'proposed') = (decided_by IS NULL) AND "
             "(decided_by IS NULL) = (decided_at IS NULL)"),
        Fact("the interval holds the figure",
             "wait_cut_low <= wait_cut AND wait_cut <= wait_cut_high"),
    ),
)  # fmt: skip
