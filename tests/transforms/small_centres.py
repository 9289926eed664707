"""Small centres in which the best two trainings can be found by trying every pair of them."""

from __future__ import annotations

import numpy as np

from transforms.workforce.centre import Agent, Centre, Skill, Span

INTERVALS = 24  # six hours
SEEDS = range(1, 9)


def small_centre(seed: int, agents: int = 14, skills: int = 4, load: float = 0.8) -> Centre:
    """Specialists of one skill each, of unequal pace, in pools that fit their work more or less."""
    rng = np.random.default_rng((seed, 71))
    share = rng.dirichlet(np.full(skills, 8.0))
    handle_s = np.exp(rng.normal(np.log(240), 0.3, skills))
    patience_s = np.exp(rng.normal(np.log(240), 0.3, skills))
    pools = share * np.exp(rng.normal(0, 0.25, skills))
    edges = np.cumsum(1 + (agents - skills) * pools / pools.sum())
    pace = np.exp(rng.normal(0, 0.12, agents))
    calls = load * agents * share * 900 / handle_s
    of = np.searchsorted(edges, np.arange(agents) + 0.5)
    return Centre(
        tuple(
            Skill(
                f"s{k}",
                (float(calls[k]),) * INTERVALS,
                float(0.8 * handle_s[k]),
                float(0.2 * handle_s[k]),
                patience_s=float(patience_s[k]),
            )
            for k in range(skills)
        ),
        tuple(
            Agent(f"a{n:02d}", {f"s{of[n]}": float(pace[n])}, (Span(0, 900 * INTERVALS),))
            for n in range(agents)
        ),
    )
