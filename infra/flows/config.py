"""What an instance's contact flows are made from: one small TOML file, checked when it is read."""

import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, NamedTuple

from ingestion.errors import LakeError
from lambdas.routing.choose import NONE, RESPONSE_KEYS

MOST_CANDIDATES = sum(bool(re.fullmatch(r"agent\d+", key)) for key in RESPONSE_KEYS)
MOST_PRIORITIES = 10
LONGEST_PROMPT = 1024
MOST_DELAY_S = 9999
MOST_QUEUE_PRIORITY = 99

_INSTANCE = re.compile(r"arn:aws[-a-z]*:connect:[-a-z0-9]+:\d{12}:instance/[-a-f0-9]{36}")
_LAMBDA = re.compile(r"arn:aws[-a-z]*:lambda:[-a-z0-9]+:\d{12}:function:[-\w]{1,64}(:[-\w$]+)?")
_LONGEST_LAMBDA_ARN = 140


class DelayedLender(NamedTuple):
    """Agents of a routing profile take a call type's contacts that have waited for `delay_s`.

    `priority` is the queue's place in the profile: 1 is first, and their own queues should be.
    """

    call_type: str
    routing_profile_arn: str
    delay_s: int
    priority: int


class FlowConfigError(LakeError):
    """The flows' TOML file does not say what a flow needs."""

    exit_code = 2


@dataclass(frozen=True)
class Config:
    """One instance's flows. A Config that exists is valid; making another raises FlowConfigError.

    `call_type` None means that the contact's attribute `callType` tells it. `standard_queues` are
    by call type; `standard_queue_arn` serves every other call type, and where there is neither the
    default queue does. A round in a queue lasts `interrupt_s`, more than 20 because a contact that
    is being offered cannot leave its queue.
    """

    instance_arn: str
    lambda_arn: str
    default_queue_arn: str
    fallback_queue_arn: str
    customer_queue_flow_arn: str
    standard_queue_arn: str | None = None
    standard_queues: Mapping[str, str] = field(default_factory=dict)
    call_type: str | None = None
    candidates: int = 3
    associated_expiry_s: int = 20
    best_expiry_s: int = 30
    invocation_limit_s: int = 4
    priorities: tuple[int, ...] = ()
    prompts: tuple[str, ...] = ("Thank you for waiting. We will be with you shortly.",)
    sorry: str = "We are sorry, all our lines are busy. Please call again later."
    interrupt_s: int = 25
    agent_queue_rounds: int = 1
    standard_queue_rounds: int = 8
    delayed_lenders: tuple[DelayedLender, ...] = ()

    def __post_init__(self) -> None:
        for problem in _problems(self):
            raise FlowConfigError(problem)

    @property
    def all_standard_queues(self) -> tuple[str, ...]:
        """Every queue where routing criteria work, once each."""
        other = [self.standard_queue_arn] if self.standard_queue_arn else []
        return tuple(dict.fromkeys([*self.standard_queues.values(), *other]))

    @property
    def lending_queues(self) -> dict[str, str]:
        """The queues that may lend agents, by call type: not the contact's own, nor shared ones.

        What is known of the queues that a contact has been in are call types, so a queue of two
        would let it come back.
        """
        used = Counter([*self.standard_queues.values(), self.standard_queue_arn])
        last = (self.default_queue_arn, self.fallback_queue_arn)
        return {
            name: arn
            for name, arn in self.standard_queues.items()
            if used[arn] == 1 and arn not in last and name not in (self.call_type, NONE)
        }


def read(path: Path) -> Config:
    """The file as a Config; raises FlowConfigError with one line that names file and key."""
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FlowConfigError(f"{path}: no such file; see infra/flows.example.toml") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FlowConfigError(f"{path}: not TOML: {error}") from None
    try:
        return config(given)
    except FlowConfigError as error:
        raise FlowConfigError(f"{path}: {error}") from None


def config(given: Mapping[str, Any]) -> Config:
    """A parsed TOML document as a Config; lists become tuples."""
    known = {each.name: each for each in fields(Config)}
    for name in given:
        if name not in known:
            raise FlowConfigError(f"{name}: not a key; there are {', '.join(known)}")
    for name in ("instance_arn", "lambda_arn", *_QUEUES, "customer_queue_flow_arn"):
        if name not in given:
            raise FlowConfigError(f"{name}: missing")
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in given.items()
    }
    if "delayed_lenders" in values:
        values["delayed_lenders"] = _delayed(values["delayed_lenders"])
    return Config(**values)


def _delayed(given: Any) -> tuple[DelayedLender, ...]:
    try:
        return tuple(DelayedLender(**each) for each in given)
    except TypeError:
        wanted = ", ".join(DelayedLender._fields)
        raise FlowConfigError(f"delayed_lenders: each is a table of {wanted}") from None


def _problems(made: Config) -> Iterator[str]:
    for name, (accepts, wanted) in _CHECKS.items():
        if not accepts(getattr(made, name)):
            yield f"{name}: {getattr(made, name)!r} is not {wanted}"
    yield from _disagreements(made)


def _disagreements(made: Config) -> Iterator[str]:
    """What is wrong between keys that are each right."""
    queues = {
        **{name: getattr(made, name) for name in _QUEUES},
        **{f"standard_queues.{name}": arn for name, arn in made.standard_queues.items()},
        **({"standard_queue_arn": made.standard_queue_arn} if made.standard_queue_arn else {}),
    }
    for name, arn in queues.items():
        if not _is_within(made, arn, "queue"):
            yield f"{name}: {arn!r} is not a queue ARN of {made.instance_arn}"
    if not _is_within(made, made.customer_queue_flow_arn, "contact-flow"):
        yield (
            f"customer_queue_flow_arn: {made.customer_queue_flow_arn!r} is not a flow ARN of "
            f"{made.instance_arn}"
        )
    if made.default_queue_arn == made.fallback_queue_arn:
        yield "fallback_queue_arn: the same as default_queue_arn; name another queue"
    if made.standard_queue_arn is None and not (
        made.standard_queues if made.call_type is None else made.call_type in made.standard_queues
    ):
        asked = made.call_type or "any call type"
        yield f"standard_queue_arn: missing, and standard_queues has none for {asked}"
    for each in made.delayed_lenders:
        yield from _wrong_with(made, each)
    needed_s = made.associated_expiry_s + made.best_expiry_s
    if made.standard_queue_rounds * made.interrupt_s <= needed_s:
        yield (
            f"standard_queue_rounds: {made.standard_queue_rounds} rounds of {made.interrupt_s} s "
            f"end before the routing steps do ({needed_s} s); raise it"
        )


def _wrong_with(made: Config, lender: DelayedLender) -> Iterator[str]:
    if lender.call_type not in made.standard_queues:
        yield f"delayed_lenders.call_type: standard_queues has no {lender.call_type!r}"
    if not _is_within(made, str(lender.routing_profile_arn), "routing-profile"):
        yield (
            f"delayed_lenders.routing_profile_arn: {lender.routing_profile_arn!r} is not a routing "
            f"profile ARN of {made.instance_arn}"
        )
    if not _is_count(lender.delay_s, MOST_DELAY_S):
        yield f"delayed_lenders.delay_s: {lender.delay_s!r} is not 1 to {MOST_DELAY_S}"
    if not _is_count(lender.priority, MOST_QUEUE_PRIORITY):
        yield f"delayed_lenders.priority: {lender.priority!r} is not 1 to {MOST_QUEUE_PRIORITY}"


def _is_within(made: Config, arn: str, kind: str) -> bool:
    return bool(re.fullmatch(rf"{re.escape(made.instance_arn)}/{kind}/[-a-f0-9]{{36}}", arn))


def _is_prompt(value: object) -> bool:
    """A reference would be read as one, and an empty text is rejected by Amazon Connect."""
    return (
        isinstance(value, str)
        and 0 < len(value.strip()) <= LONGEST_PROMPT
        and not value.startswith("$")
    )


def _is_call_type(value: object) -> bool:
    return _is_prompt(value) and len(str(value)) <= 128


def _is_count(value: object, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most


def _between(least: int, most: int) -> tuple[Callable[[object], bool], str]:
    def accepts(value: object) -> bool:
        return _is_count(value, most) and int(str(value)) >= least

    return accepts, f"a whole number from {least} to {most}"


def _matching(pattern: re.Pattern[str], wanted: str) -> tuple[Callable[[object], bool], str]:
    return lambda value: isinstance(value, str) and bool(pattern.fullmatch(value)), wanted


_QUEUES = ("default_queue_arn", "fallback_queue_arn")
_TEXT: tuple[Callable[[object], bool], str] = (lambda value: isinstance(value, str), "a text")
_CHECKS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "instance_arn": _matching(_INSTANCE, "the ARN of an Amazon Connect instance"),
    "lambda_arn": (
        lambda value: (
            isinstance(value, str)
            and len(value) <= _LONGEST_LAMBDA_ARN
            and bool(_LAMBDA.fullmatch(value))
        ),
        f"the ARN of a Lambda function, at most {_LONGEST_LAMBDA_ARN} characters",
    ),
    "default_queue_arn": _TEXT,
    "fallback_queue_arn": _TEXT,
    "customer_queue_flow_arn": _TEXT,
    "standard_queue_arn": (lambda value: value is None or isinstance(value, str), "a text"),
    "standard_queues": (
        lambda value: (
            isinstance(value, Mapping)
            and all(_is_call_type(name) and isinstance(arn, str) for name, arn in value.items())
        ),
        "a table of call type = queue ARN",
    ),
    "call_type": (
        lambda value: value is None or _is_call_type(value),
        "a text of 1 to 128 characters that does not begin with $",
    ),
    "candidates": _between(1, MOST_CANDIDATES),
    "associated_expiry_s": _between(1, 3600),
    "best_expiry_s": _between(1, 3600),
    "invocation_limit_s": _between(1, 8),
    "priorities": (
        lambda value: (
            isinstance(value, tuple)
            and len(value) <= MOST_PRIORITIES
            and len(set(value)) == len(value)
            and all(_is_count(each, 2**63 - 1) for each in value)
        ),
        f"a list of at most {MOST_PRIORITIES} different whole numbers from 1",
    ),
    "prompts": (
        lambda value: (
            isinstance(value, tuple) and 1 <= len(value) <= 10 and all(map(_is_prompt, value))
        ),
        f"a list of 1 to 10 texts of 1 to {LONGEST_PROMPT} characters, none beginning with $",
    ),
    "sorry": (
        _is_prompt,
        f"a text of 1 to {LONGEST_PROMPT} characters that does not begin with $",
    ),
    "interrupt_s": _between(21, 600),
    "agent_queue_rounds": _between(1, 100),
    "delayed_lenders": (
        lambda value: (
            isinstance(value, tuple) and all(isinstance(each, DelayedLender) for each in value)
        ),
        f"a list of tables of {', '.join(DelayedLender._fields)}",
    ),
    "standard_queue_rounds": _between(1, 100),
}
