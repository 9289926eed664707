"""A skill matrix as rows, and what it would bring in plain words."""

from __future__ import annotations

from typing import Any

from transforms.workforce.centre import Centre
from transforms.workforce.skill_matrix import Design, SkillMatrix


def matrix_rows(centre: Centre, found: SkillMatrix) -> list[dict[str, Any]]:
    """One row per agent: today's skills, the first and second of the target, what is to learn."""
    rows = []
    for agent in centre.agents:
        seat = found.target.skills[agent.agent_id]
        rows.append(
            {
                "agent_username": agent.agent_id,
                "today": ", ".join(sorted(agent.factors)),
                "first_skill": seat[0],
                "second_skill": seat[1] if len(seat) > 1 else None,
                "to_learn": ", ".join(name for name in seat if name not in agent.factors) or None,
            }
        )
    return rows


def matrix_summary(found: SkillMatrix) -> tuple[str, ...]:
    """The chain, each design's waiting against today's, and the bound of all skills for all."""
    return (
        f"Chain: {' - '.join((*found.chain, found.chain[0]))}.",
        *(
            f"{'Target: ' if each is found.target else ''}{100 * each.second_share:.0f} % of the "
            f"agents with a second skill: {_brings(each)}"
            for each in found.designs
        ),
        f"All skills for everybody: {_brings(found.everybody)}",
        *(
            ("Today's skills serve better than any of these chains: keep them.",)
            if found.target.cut.value <= 0
            else ()
        ),
        "Each figure holds once the new skills are learnt; until then calls take longer.",
    )


def _brings(design: Design) -> str:
    wait = design.queues[0].mean_wait_s
    less, low, high = (100 * x for x in (design.cut.value, design.cut.low, design.cut.high))
    return (
        f"mean wait {wait.before:.1f} s to {wait.after:.1f} s ({less:.1f} % less, {low:.1f} to "
        f"{high:.1f} %), {design.to_learn} skills to learn."
    )
