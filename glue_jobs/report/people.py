"""Sections about agents: skills, whom to train, groups. Small groups are never shown by figures."""

from __future__ import annotations

from collections import Counter

from glue_jobs.report import charts
from glue_jobs.report.figures import Figures, Rows
from glue_jobs.report.grid import BELOW, Cell, Grid, Head, cell, grid, is_small
from glue_jobs.report.names import AS_THEY_ARE
from glue_jobs.report.section import Section, asked, recorded

HAS, LEARNS = "has", "learn"

_PLAN = (
    Head("agent_username", "Agent", "text", "Who would be trained"),
    Head("skill", "Skill", "text", "What in"),
    Head("place", "Place", "count", "Order in which the trainings were chosen"),
    Head("status", "Decision", "text", "proposed, approved or declined: people decide"),
    Head("training_hours", "Training", "hours", "Length of the training"),
    Head("wait_cut", "Waiting cut", "share", "Saved share of all waiting, on top of those above"),
    Head("wait_cut_low", "from", "share", "Lower end of its 95 % interval"),
    Head("wait_cut_high", "to", "share", "Upper end of its 95 % interval"),
    Head("mean_wait_s_before", "Wait today", "s", "Mean time in queue of all, simulated"),
    Head("mean_wait_s_after", "Wait then", "s", "After this training and those above, simulated"),
    Head("why", "Why", "text", "Reasons, in sentences", BELOW),
    Head("instead", "Instead", "text", "The next best, and what would have changed the choice",
         BELOW),
)  # fmt: skip
_GROUPS = (
    Head("agent_hierarchy_group", "Group", "text", "Agents' hierarchy group, as last seen"),
    Head("agents", "Agents", "count", "With a skill in the period; under five are not told apart"),
    Head("skills", "Skills", "ratio", "Mean number of skills of an agent"),
    Head("trainings", "Proposed", "count", "Agents of the group in the newest training plan"),
)
_GROUP_CALLS = (
    Head("category", "Category", "text", "What the contact is about"),
    Head("task", "Task", "text", "What is to be done about it"),
    Head("agents", "Agents", "count", "Of the group, who handled any; under five: no figures"),
    Head("contacts_handled", "Handled", "count", "Contacts that they were connected to"),
    Head("avg_handle_time_s", "Handle time", "s", "Mean talk, hold and work after the contact"),
    Head("handle_hours", "Agent hours", "hours", "Handle time of all of them"),
    Head("transfer_share", "Transferred", "share", "Of those handled, passed on by the agent"),
)
_SCORES = (
    Head("call_type", "Call type", "text", "Category of the call to be routed"),
    Head("agent_username", "Agent", "text", "Agent's login name, or a pseudonym"),
    Head("workload", "Workload", "count", "0 (free) to 10000; the least is named first"),
    Head("open_work_minutes", "Open work", "minutes", "Offline work not done yet"),
    Head("occupancy", "Occupancy", "share", "Of recent time, on contacts"),
    Head("as_of", "As of (UTC)", "text", "Newest instant that the lake knew"),
)


def matrix(figures: Figures) -> Section:
    """Agents and skills: who has which, and who is proposed to learn which."""
    rows, left_out = _showable(figures)
    hidden = f" {left_out} agents of groups under five are left out." if left_out else ""
    return Section(
        "skills",
        "Who has which skill",
        f"● has the skill; ▲ is proposed to learn it, with the place in the plan.{hidden}",
        (_matrix(figures, rows),),
    )


def _showable(figures: Figures) -> tuple[Rows, int]:
    """Skills by agent; with pseudonyms, without those whom a small group would give away."""
    rows = figures["agent_skills"]
    if figures.names is AS_THEY_ARE:
        return rows, 0
    sizes = _sizes(rows)
    shown = [row for row in rows if not is_small(sizes[row["agent_hierarchy_group"]])]
    agents = {row["agent_username"] for row in rows} - {row["agent_username"] for row in shown}
    return shown, len(agents)


def _sizes(rows: Rows) -> Counter[str]:
    pairs = {(row["agent_hierarchy_group"], row["agent_username"]) for row in rows}
    return Counter(group for group, _ in pairs)


def _matrix(figures: Figures, rows: Rows) -> Grid:
    learning = {
        (row["agent_username"], row["skill"]): row["place"]
        for row in figures["upskilling_recommendation"]
        if row["status"] != "declined"
    }
    has = {(row["agent_username"], row["skill"]) for row in rows}
    skills = sorted({skill for _, skill in has | set(learning)})
    agents = sorted({(row["agent_hierarchy_group"], row["agent_username"]) for row in rows})
    heads = (
        Head("agent", "Agent", "text", "Agent's login name, or a pseudonym"),
        Head("group", "Group", "text", "Agent's hierarchy group, as last seen"),
        *(
            Head(skill, skill, "text", "● an event shows the agent with it; ▲ proposed to learn it")
            for skill in skills
        ),
    )
    return Grid(
        "agent_skills",
        "Agents and skills",
        asked("agent_skills", figures.period),
        heads,
        tuple(
            (
                cell(agent, "text"),
                cell(group, "text"),
                *(_skill((agent, skill), has, learning) for skill in skills),
            )
            for group, agent in agents
        ),
    )


def _skill(
    pair: tuple[str, str], has: set[tuple[str, str]], learning: dict[tuple[str, str], int]
) -> Cell:
    if pair in has:
        return Cell("●", HAS, "has")
    if pair in learning:
        return Cell(f"▲ {learning[pair]}", f"{LEARNS} {learning[pair]}", "learns")
    return Cell("", "", "has")


def plan(figures: Figures) -> Section:
    """The newest round of trainings, with the reasons; people decide."""
    rows: Rows = [
        row
        | {"why": " ".join(row["reasons"] or ()), "instead": " ".join(row["alternatives"] or ())}
        for row in figures["upskilling_recommendation"]
    ]
    cycle = f"Round {rows[0]['cycle']}. " if rows else ""
    return Section(
        "upskilling",
        "Whom to train in what",
        f"{cycle}Effects are simulated from the lake's own days; people decide.",
        (grid("upskilling_recommendation", "Training plan",
              recorded("upskilling_recommendation", " ORDER BY cycle DESC, place"), _PLAN, rows,
              empty="No training has been proposed: run lake recommend."),),
        charts.training_effects(rows),
    )  # fmt: skip


def groups(figures: Figures) -> tuple[Section, ...]:
    """The hierarchy groups beside each other; none if no agent has one."""
    rows = figures["agent_skills"]
    sizes, skills = _sizes(rows), Counter(row["agent_hierarchy_group"] for row in rows)
    planned = Counter(row["agent_hierarchy_group"] for row in figures["upskilling_recommendation"])
    found: Rows = [
        {"agent_hierarchy_group": name, "agents": size, "skills": skills[name] / size,
         "trainings": planned[name]}
        for name, size in sorted(sizes.items())
    ]  # fmt: skip
    if len(found) < 2:
        return ()
    lead = "One manager's own report: lake report --group NAME."
    made = grid("groups", "Groups of agents", asked("agent_skills", figures.period), _GROUPS,
                found, people="agents")  # fmt: skip
    return (Section("groups", "Groups of agents", lead, (made,)),)


def group_calls(figures: Figures) -> tuple[Section, ...]:
    """What one group handled."""
    made = grid(
        "group_calls",
        f"Calls that {figures.group} handled",
        asked("group_calls", figures.period, group=figures.group or "%"),
        _GROUP_CALLS,
        figures["group_calls"],
        people="agents",
    )
    lead = "Contacts that agents of the group were connected to, the most work first."
    return (Section("group", f"What {figures.group} handled", lead, (made,)),)


def scores(figures: Figures) -> tuple[Section, ...]:
    """How loaded each agent is now; none where they were not asked for."""
    if "workload_score" not in figures.answers:
        return ()
    made = grid("workload_score", "Workload by call type",
                recorded("workload_score", " ORDER BY call_type, workload"), _SCORES,
                figures["workload_score"], empty="None yet: run lake score.")  # fmt: skip
    lead = "What the router goes by, as last scored: the freest agent of a call type first."
    return (Section("scores", "Who is free for what", lead, (made,)),)
