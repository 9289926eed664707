"""Puts scores and associations into DynamoDB, never going back in time.

Every update sets only its own attributes, and only over an older `asOf`: a late job cannot undo a
newer one, and what others keep on a row (reservations) survives. Rows that a table has already are
found by reading first, because on AWS a read costs a tenth of a write.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

from botocore.config import Config

from infra.tables import AGENT_WORKLOAD, CUSTOMER_AGENT_MAP, TABLES
from ingestion.errors import LakeError
from lambdas.routing.policy import LAKE
from lambdas.routing.scores import sort_key

THREADS = 8
ROWS_A_READ = 100  # BatchGetItem's limit
ROWS_A_WRITE = 25  # BatchWriteItem's limit
MOST_TURNS = 10
SCORE_LIFE = timedelta(days=1)

Row = Mapping[str, Any]
Value = dict[str, str]
Key = tuple[str, ...]
Progress = Callable[[int], object]


class PublishError(LakeError):
    """Scores could not be put into DynamoDB."""

    exit_code = 11


class Published(NamedTuple):
    """Rows written, refused because the table holds newer ones, and found there already."""

    written: int = 0
    refused: int = 0
    unchanged: int = 0


class _Item(NamedTuple):
    """A row as DynamoDB has it; an attribute that is None is to be absent."""

    key: dict[str, Value]
    attributes: dict[str, Value | None]

    @property
    def identity(self) -> Key:
        return tuple(value["S"] for value in self.key.values())

    @property
    def as_of(self) -> str:
        return (self.attributes["asOf"] or {})["S"]


class _Target(NamedTuple):
    client: Any
    table: str
    is_sole_writer: bool


def publishing_config() -> Config:
    """The client settings for publishing: slows down when throttled, a connection per thread."""
    return Config(
        retries={"mode": "adaptive", "total_max_attempts": 10}, max_pool_connections=THREADS
    )


def create_tables(client: Any, tables: Sequence[Row] = TABLES) -> None:
    """Makes the tables that are not there, waits for them and switches time to live on if asked."""
    for table in tables:
        _create(client, table)


def publish_scores(
    client: Any,
    rows: Iterable[Row],
    table: str = AGENT_WORKLOAD["TableName"],
    *,
    is_sole_writer: bool = False,
    progress: Progress | None = None,
) -> Published:
    """Writes rows of `call_type, agent_name, agent_id, workload, as_of, score_version`.

    `as_of` is a UTC instant, with or without its zone; a row may name its `source`, else it is the
    lake's. `is_sole_writer` says that nobody else
    writes meanwhile (the stand-in of this process): rows that the table lacks then go 25 at a time
    and without a condition. `progress` hears how many more rows are done.
    """
    target = _Target(client, table, is_sole_writer)
    return _publish(target, map(_score, rows), progress)


def publish_customers(
    client: Any,
    rows: Iterable[Row],
    table: str = CUSTOMER_AGENT_MAP["TableName"],
    *,
    is_sole_writer: bool = False,
    progress: Progress | None = None,
) -> Published:
    """Writes rows of `customer_id (a token), agent_name, agent_id, as_of, expires_at` likewise.

    `expires_at` is a UTC instant, epoch seconds, or None for an association that does not end.
    """
    target = _Target(client, table, is_sole_writer)
    return _publish(target, map(_customer, rows), progress)


def forget_customers(
    client: Any, customers: Iterable[str], table: str = CUSTOMER_AGENT_MAP["TableName"]
) -> None:
    """Deletes the items of customers (tokens), whether or not they or the table are there."""
    for customer in customers:
        with suppress(client.exceptions.ResourceNotFoundException):
            client.delete_item(TableName=table, Key={"CustomerId": {"S": customer}})


def as_of_text(at: datetime) -> str:
    """The instant as UTC text of fixed width, so that the order of texts is the order of time."""
    return _utc(at).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _score(row: Row) -> _Item:
    source = row.get("source", LAKE)
    name = sort_key(_key(row, "agent_name")["S"], source)
    return _Item(
        key={"CallType": _key(row, "call_type"), "AgentName": {"S": name}},
        attributes={
            "source": _text(source),
            "AgentId": _text(row["agent_id"]),
            "Workload": _number(row["workload"]),
            "asOf": _text(as_of_text(row["as_of"])),
            "version": _text(row["score_version"]),
            "ttl": _number(row["as_of"] + SCORE_LIFE),
        },
    )


def _customer(row: Row) -> _Item:
    return _Item(
        key={"CustomerId": _key(row, "customer_id")},
        attributes={
            "AgentName": _text(row["agent_name"]),
            "AgentId": _text(row["agent_id"]),
            "asOf": _text(as_of_text(row["as_of"])),
            "expiresAt": _number(row["expires_at"]),
        },
    )


def _key(row: Row, name: str) -> Value:
    value = _text(row[name])
    if value is None:
        raise PublishError(f"publish: a row has no {name}, check the table it comes from")
    return value


def _text(value: str | None) -> Value | None:
    return {"S": value} if value else None


def _number(value: datetime | float | None) -> Value | None:
    if isinstance(value, datetime):
        value = _utc(value).timestamp()
    return None if value is None else {"N": str(int(value))}


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _publish(target: _Target, items: Iterable[_Item], progress: Progress | None) -> Published:
    # Without conditions two chunks with the same key must not overtake each other.
    threads = 1 if target.is_sole_writer else THREADS
    total = Published()
    try:
        with ThreadPoolExecutor(threads) as pool:
            for done in pool.map(partial(_publish_chunk, target), _chunks(items, ROWS_A_READ)):
                total = Published(*map(sum, zip(total, done, strict=True)))
                if progress is not None:
                    progress(sum(done))
    except target.client.exceptions.ResourceNotFoundException:
        raise PublishError(f"publish: no table {target.table}, run: lake create") from None
    return total


def _publish_chunk(target: _Target, items: Sequence[_Item]) -> Published:
    newest = {item.identity: item for item in sorted(items, key=lambda item: item.as_of)}
    stored = _stored(target, newest.values())
    newer = [item for key, item in newest.items() if stored.get(key, "") < item.as_of]
    unchanged = sum(stored.get(key) == item.as_of for key, item in newest.items())
    absent = [item for item in newer if item.identity not in stored]
    if target.is_sole_writer:
        _put(target, absent)
        newer = [item for item in newer if item.identity in stored]
    updated = sum(_is_updated(target, item) for item in newer)
    written = updated + len(absent) * target.is_sole_writer
    return Published(written, len(items) - written - unchanged, unchanged)


def _stored(target: _Target, items: Iterable[_Item]) -> dict[Key, str]:
    """The `asOf` of the rows that the table has, "" where a row has none."""
    keys = [item.key for item in items]
    names = list(keys[0])
    request = {
        target.table: {
            "Keys": keys,
            "ProjectionExpression": ", ".join([*names, "asOf"]),
            "ConsistentRead": target.is_sole_writer,
        }
    }
    return {
        tuple(row[name]["S"] for name in names): row.get("asOf", {"S": ""})["S"]
        for reply in _replies(target.client.batch_get_item, request, "UnprocessedKeys")
        for row in reply["Responses"].get(target.table, [])
    }


def _put(target: _Target, items: Iterable[_Item]) -> None:
    for chunk in _chunks(items, ROWS_A_WRITE):
        puts = [{"PutRequest": {"Item": item.key | _present(item)}} for item in chunk]
        for _ in _replies(target.client.batch_write_item, {target.table: puts}, "UnprocessedItems"):
            pass


def _replies(
    call: Callable[..., dict[str, Any]], request: dict[str, Any], left: str
) -> Iterator[dict[str, Any]]:
    """Replies until nothing is left over; DynamoDB hands back what it had no capacity for."""
    for turn in range(MOST_TURNS):
        reply = call(RequestItems=request)
        yield reply
        request = reply.get(left) or {}
        if not request:
            return
        time.sleep(min(0.05 * 2**turn, 3))
    raise PublishError(f"publish: {', '.join(request)} stays throttled, try again later")


def _is_updated(target: _Target, item: _Item) -> bool:
    """Whether the row was written; False where a newer one has come in between."""
    present = _present(item)
    absent = item.attributes.keys() - present.keys()
    sets = ", ".join(f"#{name} = :{name}" for name in present)
    removes = f" REMOVE {', '.join(f'#{name}' for name in sorted(absent))}" if absent else ""
    try:
        target.client.update_item(
            TableName=target.table,
            Key=item.key,
            UpdateExpression=f"SET {sets}{removes}",
            ConditionExpression="attribute_not_exists(#asOf) OR #asOf < :asOf",
            ExpressionAttributeNames={f"#{name}": name for name in item.attributes},
            ExpressionAttributeValues={f":{name}": value for name, value in present.items()},
        )
    except target.client.exceptions.ConditionalCheckFailedException:
        return False
    return True


def _present(item: _Item) -> dict[str, Value]:
    return {name: value for name, value in item.attributes.items() if value is not None}


def _chunks(items: Iterable[_Item], size: int) -> Iterator[list[_Item]]:
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


def _create(client: Any, table: Row) -> None:
    name = table["TableName"]
    life = table.get("TimeToLiveSpecification")
    try:
        # Asked first, so that whoever publishes to tables that are there need not be let make any.
        client.describe_table(TableName=name)
    except client.exceptions.ResourceNotFoundException:
        with suppress(client.exceptions.ResourceInUseException):
            client.create_table(**{key: value for key, value in table.items() if value is not life})
    client.get_waiter("table_exists").wait(
        TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 120}
    )
    if life is None:
        return
    described = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    if described["TimeToLiveStatus"] not in {"ENABLED", "ENABLING"}:
        client.update_time_to_live(TableName=name, TimeToLiveSpecification=life)
