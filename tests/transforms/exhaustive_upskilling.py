"""The best two trainings of each small centre, found by trying all 861 pairs of them.

    python -m tests.transforms.exhaustive_upskilling > tests/transforms/small_centres.json

Forty days tell the best 25 pairs, 150 fresh days the best of these, and 300 days more, which chose
nothing, say what it saves: on the days that chose it, it looks better than it is (of centres 4 and
8 by a tenth). Thirteen minutes on one core.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from itertools import combinations
from typing import Any, NamedTuple

from tests.transforms.small_centres import SEEDS, small_centre
from transforms.workforce.centre import Centre, Day, day, with_skill
from transforms.workforce.centre_simulation import simulated

SLOW = 1.25
FIRST_SEED, FRESH_SEED, JUDGING_SEED = 1001, 2002, 3003
FIRST_DAYS, BEST, FRESH_DAYS, JUDGING_DAYS = 40, 25, 150, 300

Pair = tuple[str, str]  # who learns what


class Tried(NamedTuple):
    """Trainings, and the share of all waiting that they save."""

    cut: float
    trainings: tuple[Pair, ...]


def pairs(centre: Centre) -> list[Pair]:
    """All trainings that there are."""
    return [
        (agent.agent_id, skill.name)
        for agent in centre.agents
        for skill in centre.skills
        if skill.name not in agent.factors
    ]


def trained(centre: Centre, trainings: Iterable[Pair]) -> Centre:
    """The centre after the trainings; its agents had one skill each, and one pace."""
    pace = {agent.agent_id: next(iter(agent.factors.values())) for agent in centre.agents}
    for agent_id, skill in trainings:
        centre = with_skill(centre, agent_id, skill, pace[agent_id] * SLOW)
    return centre


def waited_ms(centre: Centre, days: Iterable[Day]) -> int:
    """All the waiting of some days."""
    return sum(simulated(centre, each).in_all.wait_ms for each in days)


def judging_days(centre: Centre) -> list[Day]:
    """The days on which every method is judged, and none has chosen."""
    return [day(centre, JUDGING_SEED, n) for n in range(JUDGING_DAYS)]


def cut_when_judged(centre: Centre, trainings: Iterable[Pair]) -> float:
    """The share of all waiting that trainings save on the judging days."""
    days = judging_days(centre)
    return 1 - waited_ms(trained(centre, trainings), days) / waited_ms(centre, days)


def best_two(seed: int) -> Tried:
    """The best two trainings of a small centre, with what they save on the judging days."""
    centre = small_centre(seed)
    first = [day(centre, FIRST_SEED, n) for n in range(FIRST_DAYS)]
    tried = [
        (waited_ms(trained(centre, two), first), two) for two in combinations(pairs(centre), 2)
    ]
    fresh = [day(centre, FRESH_SEED, n) for n in range(FRESH_DAYS)]
    _, best = min((waited_ms(trained(centre, two), fresh), two) for _, two in sorted(tried)[:BEST])
    return Tried(cut_when_judged(centre, best), best)


def as_found(seed: int) -> dict[str, Any]:
    """The entry of a small centre in the data file."""
    best = best_two(seed)
    return {"seed": seed, "best_cut": round(best.cut, 6), "best_two": best.trainings}


def main() -> None:
    """Write the data file to standard output."""
    found = []
    for seed in SEEDS:
        found.append(as_found(seed))
        sys.stderr.write(f"{found[-1]}\n")
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
