"""An invented contact centre: who works there, what they can do, and what customers ask for."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from ingestion.errors import LakeError

if TYPE_CHECKING:
    from collections.abc import Sequence

ACCOUNT = "111122223333"
CHANNELS = ("VOICE", "CHAT", "TASK")
AVAILABLE, OFFLINE, BACK_OFFICE, TRAINING = "Available", "Offline", "Back office", "Training"
STATUS_TYPES = {
    AVAILABLE: "ROUTABLE",
    "Break": "CUSTOM",
    "Lunch": "CUSTOM",
    TRAINING: "CUSTOM",
    BACK_OFFICE: "CUSTOM",
    OFFLINE: "OFFLINE",
}

# Start of an 8.5-hour shift in minutes after midnight UTC, and its share of the agents. The last
# one ends at 02:00, so that days are cut in the middle of work.
SHIFTS = ((360, 0.20), (510, 0.28), (660, 0.22), (840, 0.16), (1050, 0.14))
SHIFT_MIN = 510

_QUEUES = (
    "Billing", "Orders", "Technical Support", "Accounts", "Returns", "Claims", "Sales", "Retention",
)  # fmt: skip
_CATEGORIES = (
    ("invoice", ("explain-charge", "invoice-copy", "payment-plan")),
    ("delivery", ("track-order", "late-parcel", "change-address")),
    ("device-fault", ("diagnose", "replace-part", "restart-guide", "send-engineer")),
    ("login", ("reset-password", "unlock-account")),
    ("refund", ("start-return", "refund-status", "exchange")),
    ("damage-claim", ("open-claim", "claim-status", "assess-damage")),
    ("new-contract", ("quote", "order-contract", "compare-plans")),
    ("cancellation", ("cancel-contract", "save-offer")),
    ("payment", ("pay-by-card", "failed-payment", "direct-debit")),
    ("order-change", ("add-item", "cancel-order")),
    ("connection-fault", ("line-test", "book-visit", "outage-news")),
    ("address-change", ("move-home", "correct-address", "change-name", "change-phone")),
)
_FIRST_NAMES = (
    "Ada", "Bela", "Cato", "Dena", "Eli", "Fay", "Gil", "Hana", "Ivo", "Juno",
    "Kit", "Lea", "Milo", "Nell", "Odo", "Pia", "Quin", "Rhea", "Sol", "Tess",
)  # fmt: skip
_LAST_NAMES = (
    "Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Gorse", "Hazel", "Ivy", "Juniper",
    "Kapok", "Larch", "Maple", "Nutmeg", "Oak", "Pine", "Quince", "Rowan", "Spruce", "Teak",
)  # fmt: skip
_CHANNEL_SHARES = {"VOICE": 0.72, "CHAT": 0.19, "TASK": 0.09}


class ImpossibleCentreError(LakeError):
    """The centre asked for cannot exist."""

    exit_code = 2


class Queue(NamedTuple):
    """A queue and the channels it takes, with their cumulative shares."""

    name: str
    arn: str
    channels: tuple[str, ...]
    channel_cum_shares: tuple[float, ...]


class Category(NamedTuple):
    """What customers ask for: its queue (an index), its tasks and its mean seconds of work."""

    name: str
    queue: int
    tasks: tuple[str, ...]
    talk_s: float
    after_s: float


class RoutingProfile(NamedTuple):
    """The queues (indices) that an agent takes contacts from."""

    name: str
    arn: str
    queues: tuple[int, ...]


class Group(NamedTuple):
    """A place in the agent hierarchy."""

    name: str
    arn: str


class Place(NamedTuple):
    """Where and when an agent works."""

    site: Group
    team: Group
    shift_start_min: int


class Agent(NamedTuple):
    """An agent as hired; what changes from day to day is on the floor."""

    username: str
    first_name: str
    last_name: str
    arn: str
    queue_arn: str
    profile: RoutingProfile
    site: Group
    team: Group
    levels: tuple[int, ...]  # proficiency 1-5, one for each queue of the profile
    chat_slots: int
    shift_start_min: int
    weekdays_off: tuple[int, ...]  # Monday is 0
    pace: float  # factor on working times
    case_share: float  # of the agent's contacts that open a work item
    is_specialist: bool  # has a daily hour for offline work


@dataclass(frozen=True)
class Centre:
    """An invented centre. Made by `invented_centre`; equal arguments make equal centres."""

    instance_arn: str
    queues: tuple[Queue, ...]
    categories: tuple[Category, ...]
    category_cum_shares: tuple[float, ...]
    agents: tuple[Agent, ...]
    status_arns: dict[str, str]
    customers: int
    contacts_per_agent: float
    patience_s: float
    patience_shape: float


def identifier(rng: Random) -> str:
    """A UUID (version 4 form) drawn from `rng`."""
    digits = f"{rng.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def invented_centre(
    agents: int = 100,
    queues: int = 8,
    categories: int = 12,
    seed: int = 1,
    understaffed: str | None = None,
    *,
    contacts_per_agent: float = 43.0,
    customers_per_agent: int = 100,
    patience_s: float = 420.0,
    patience_shape: float = 1.0,
) -> Centre:
    """A centre of that size.

    `contacts_per_agent` is the number of arrivals on a plain weekday for each agent hired (a
    little under nine in ten are at work then). Patience is Weibull with scale `patience_s`
    seconds; shape 1 is exponential. `understaffed` names a queue that gets at least half as
    many contacts again, while three in five of those who could answer it lose it.

    Raises `ImpossibleCentreError` where a size is below one, there are fewer categories than
    queues, or the understaffed queue does not exist.
    """
    _check(agents, queues, categories)
    rng = Random(f"centre:{seed}")  # noqa: S311 - a seeded simulation, not a secret
    instance = f"arn:aws:connect:us-east-1:{ACCOUNT}:instance/{identifier(rng)}"
    made_queues = tuple(_queue(n, instance, rng) for n in range(queues))
    made_categories = tuple(_category(n, queues, rng) for n in range(categories))
    short = _index(made_queues, understaffed)
    shares = _shares(made_categories, short)
    usual_loads = _loads(made_categories, _shares(made_categories, None), queues)
    homes = sorted(_spread(usual_loads, agents))
    return Centre(
        instance_arn=instance,
        queues=made_queues,
        categories=made_categories,
        category_cum_shares=tuple(accumulate(shares)),
        agents=_agents(homes, made_queues, short, instance, rng),
        status_arns={name: f"{instance}/agent-state/{identifier(rng)}" for name in STATUS_TYPES},
        customers=customers_per_agent * agents,
        contacts_per_agent=contacts_per_agent,
        patience_s=patience_s,
        patience_shape=patience_shape,
    )


def _check(agents: int, queues: int, categories: int) -> None:
    if min(agents, queues, categories) < 1:
        raise ImpossibleCentreError("A centre needs at least one agent, queue and category.")
    if categories < queues:
        raise ImpossibleCentreError(
            f"{categories} categories leave some of {queues} queues without contacts;"
            " ask for at least as many categories as queues."
        )


def _index(queues: Sequence[Queue], understaffed: str | None) -> int | None:
    if understaffed is None:
        return None
    names = [queue.name for queue in queues]
    if understaffed not in names:
        raise ImpossibleCentreError(
            f"No queue is named {understaffed!r}; the queues are {', '.join(names)}."
        )
    return names.index(understaffed)


def _queue(number: int, instance: str, rng: Random) -> Queue:
    name = _QUEUES[number] if number < len(_QUEUES) else f"Queue {number + 1:02d}"
    channels = CHANNELS if number % 2 == 0 else ("VOICE", "TASK")
    shares = accumulate(_CHANNEL_SHARES[channel] for channel in channels)
    return Queue(name, f"{instance}/queue/{identifier(rng)}", channels, tuple(shares))


def _category(number: int, queues: int, rng: Random) -> Category:
    known = number < len(_CATEGORIES)
    name = _CATEGORIES[number][0] if known else f"category-{number + 1:02d}"
    tasks = _CATEGORIES[number][1] if known else ("inform", "change", "complain")
    return Category(name, number % queues, tasks, rng.uniform(220, 380), rng.uniform(25, 65))


def _shares(categories: Sequence[Category], short: int | None) -> list[float]:
    """Weights of the categories: the first are asked for up to three times as much as the last."""
    return [
        1.5 if category.queue == short else 1 / (1 + number * 2 / len(categories))
        for number, category in enumerate(categories)
    ]


def _loads(categories: Sequence[Category], shares: Sequence[float], queues: int) -> list[float]:
    loads = [0.0] * queues
    for category, share in zip(categories, shares, strict=True):
        loads[category.queue] += share * (category.talk_s + category.after_s)
    return loads


def _spread(weights: Sequence[float], count: int) -> list[int]:
    """`count` indices, each as often as its weight says, as evenly mixed as whole numbers allow."""
    total, given = sum(weights), [0] * len(weights)
    chosen = []
    for number in range(1, count + 1):
        owed = [weight / total * number - had for weight, had in zip(weights, given, strict=True)]
        index = owed.index(max(owed))
        given[index] += 1
        chosen.append(index)
    return chosen


def _skills(homes: Sequence[int], queues: int, short: int | None) -> list[tuple[int, ...]]:
    """The queues of each agent: the home queue and one or two near it, in a chain that pools them.

    Of those who hold the understaffed queue, two in five keep it, among them the first.
    """
    holders = 0
    skills = []
    for number, home in enumerate(homes):
        steps = ((0, 1), (0, 2), (0, 1, 3), (0, 1))[number % 4]
        held = tuple(dict.fromkeys((home + step) % queues for step in steps))
        if short in held:
            holders += 1
            if holders % 5 not in (1, 4):
                held = tuple(queue for queue in held if queue != short) or held
        skills.append(held)
    return skills


def _agents(
    homes: Sequence[int], queues: Sequence[Queue], short: int | None, instance: str, rng: Random
) -> tuple[Agent, ...]:
    sites = [_group(f"Site {side}", instance, rng) for side in ("East", "West")]
    teams = [_group(f"Team {n + 1:02d}", instance, rng) for n in range(len(homes) // 10 + 1)]
    shifts = _spread([share for _, share in SHIFTS], len(homes))
    profiles: dict[tuple[int, ...], RoutingProfile] = {}
    made = []
    skills = _skills(homes, len(queues), short)
    for number, (held, shift) in enumerate(zip(skills, shifts, strict=True)):
        if held not in profiles:
            name = ", ".join(queues[queue].name for queue in held)
            arn = f"{instance}/routing-profile/{identifier(rng)}"
            profiles[held] = RoutingProfile(name, arn, held)
        start_min = SHIFTS[shift][0]
        place = Place(sites[start_min >= 660], teams[number // 10], start_min)
        made.append(_agent(number, profiles[held], place, instance, rng))
    return tuple(made)


def _group(name: str, instance: str, rng: Random) -> Group:
    return Group(name, f"{instance}/agent-group/{identifier(rng)}")


def _agent(number: int, profile: RoutingProfile, place: Place, instance: str, rng: Random) -> Agent:
    first = _FIRST_NAMES[number % 20]
    last = _LAST_NAMES[(number + number // 20) % 20]
    again = "" if number < 400 else str(number // 400 + 1)
    own_id = identifier(rng)
    works_weekends = rng.random() < 0.3
    off = rng.randrange(5)
    is_specialist = rng.random() < 0.25
    return Agent(
        username=f"{first}.{last}{again}".lower(),
        first_name=first,
        last_name=last,
        arn=f"{instance}/agent/{own_id}",
        queue_arn=f"{instance}/queue/agent/{own_id}",
        profile=profile,
        site=place.site,
        team=place.team,
        levels=tuple(rng.randint(2, 4) for _ in profile.queues),
        chat_slots=rng.choice((2, 3)),
        shift_start_min=place.shift_start_min,
        weekdays_off=(off, (off + 1) % 5) if works_weekends else (5, 6),
        pace=rng.uniform(0.85, 1.2),
        case_share=(0.05 if is_specialist else 0.008) * rng.uniform(0.4, 1.6),
        is_specialist=is_specialist,
    )
