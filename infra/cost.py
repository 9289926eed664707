"""What a day costs on AWS, by service: the arithmetic behind `docs/cost.md`.

Amounts of bytes, writes and CPU are those measured in `docs/unit_costs.toml`, prices those of
`infra/prices.toml`, each with its source. `python -m infra.cost` prints the page's tables.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping
from math import ceil
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
MEASURED = HERE.parent / "docs" / "unit_costs.toml"
CONTACTS_A_DAY = (1_000, 100_000, 10_000_000)

RUNS_A_DAY = 96
JOBS_A_RUN = 4  # build, audit, score, publish
JOBS_A_DAY = 3 + 1 / 7  # report, compact, expire; the recommendation once a week
START_S = 90.0  # assumed: a Glue job's start and its modules, of which all but the queue is billed
SMALL_JOB_S = 30.0  # assumed: audit, score and publish beside their start
DPUS = 2
CPUS_A_DPU = 4
ROUTED_SHARE = 1.0  # every contact asks the routing function once
ROUTING_S, ROUTING_GB = 0.1, 1.0  # assumed
BATCH_S, BATCH_GB = 0.5, 0.5  # assumed: 1000 records landed
FOLLOW_S, FOLLOW_GB = 0.1, 0.5  # assumed: a second's agent events of a shard
SHARDS = 4  # that a stream in on-demand mode begins with
CONSUMERS = 2  # agent events are read twice
DAYS_HELD = 6  # of a stream's seven; the first is in the price
TRACED_SHARE = 0.05  # X-Ray's own rule: one a second, and of the rest a twentieth
DAYS_A_MONTH = 30.0
LOG_BYTES_A_CALL = 1_000
ALARM_METRICS = 16  # thirteen alarms, three of which look at two metrics
METRICS = 32  # outcome and duration of nine commands; rejects, landings, fallbacks
STATES_A_RUN = 8
CATALOG_REQUESTS_A_RUN = 400
MEASURED_QUESTIONS = ("calls_by_category", "skill_bottlenecks", "contact_metrics")
QUESTIONS_A_DAY = 23  # the named queries and the report's, each as the mean of the measured
READS_A_DECISION = 60.0  # assumed: a query of the call type's scores and up to 98 states

Unit = Mapping[str, Any]


def costs(contacts: int, prices: Unit, measured: Unit) -> dict[str, float]:
    """US dollars a day by service for so many contacts a day."""
    events = contacts * measured["input"]["events_per_contact"]
    contact_gb = contacts * measured["input"]["contact_json_bytes"] / 1e9
    event_gb = events * measured["input"]["event_json_bytes"] / 1e9
    return {
        "Kinesis": kinesis(contacts, events, prices["kinesis"], measured["input"]),
        "Lambda": functions(contacts, events, prices["lambda"]),
        "X-Ray": traces(contacts, events, prices["xray"]),
        "S3": storage(contact_gb + event_gb, prices["s3"], measured),
        "Glue": jobs(contact_gb + event_gb, contacts + events, prices["glue"], measured),
        "DynamoDB": tables(contacts, events, prices["dynamodb"], measured["dynamodb"]),
        "Athena": questions(contacts, prices["athena"], measured["query"]),
        "CloudWatch": watching(contacts, prices["cloudwatch"]),
        "Step Functions": RUNS_A_DAY
        * STATES_A_RUN
        / 1e3
        * prices["states"]["thousand_transitions"],
        "KMS, Secrets Manager": held(prices["fixed_month"]),
    }


def kinesis(contacts: float, events: float, price: Unit, size: Unit) -> float:
    """Three streams in on-demand mode for seven days; agent events are read by two functions."""
    contact_gb = contacts * ceil(size["contact_json_bytes"] / 1024) * 1024 / 1e9
    event_gb = events * ceil(size["event_json_bytes"] / 1024) * 1024 / 1e9
    written, out_gb = contact_gb + event_gb, contact_gb + CONSUMERS * event_gb
    kept = written * DAYS_HELD / DAYS_A_MONTH * price["gb_month_held"]
    streams = 3 * 24 * price["stream_hour"]
    return float(streams + kept + written * price["gb_in"] + out_gb * price["gb_out"])


def batches(contacts: float, events: float) -> tuple[float, float]:
    """Calls a day of landing and of agent states.

    Landing waits for a minute's or a thousand records, agent states for nothing: a call a second
    and shard at the most.
    """
    return max((contacts + events) / 1_000, 3 * 24 * 60), min(events, SHARDS * 86_400)


def functions(contacts: float, events: float, price: Unit) -> float:
    """Landing and agent states by batches; routing by calls."""
    landed, followed = batches(contacts, events)
    calls = contacts * ROUTED_SHARE
    seconds = landed * BATCH_S * BATCH_GB + followed * FOLLOW_S * FOLLOW_GB
    seconds += calls * ROUTING_S * ROUTING_GB
    requests = (landed + followed + calls) / 1e6 * price["million_requests"]
    return float(requests + seconds * price["gb_second"])


def traces(contacts: float, events: float, price: Unit) -> float:
    """Of each function one call a second, if there are as many, and a twentieth of the rest."""
    called = (*batches(contacts, events), contacts * ROUTED_SHARE)
    firsts = [min(each, 86_400) for each in called]
    recorded = sum(firsts) + TRACED_SHARE * (sum(called) - sum(firsts))
    return float(recorded / 1e6 * price["million_traces"])


def storage(json_gb: float, price: Unit, measured: Unit) -> float:
    """Ninety days of raw and a year of tables as they lie, and a day's requests."""
    raw_gb = json_gb * measured["input"]["packed_share"] * measured["raw"]["days_kept"]
    lake_gb = json_gb * measured["lake"]["mb_per_mb"] * 365
    batches = max(json_gb * 1e3 / measured["raw"]["object_json_mb"], 3 * 24 * 60)
    files = RUNS_A_DAY * measured["lake"]["tables_by_day"] * 4  # a data file and three of metadata
    puts = (batches + files) / 1e3 * price["thousand_puts"]
    gets = (batches + 10 * files) / 1e3 * price["thousand_gets"]
    return float((raw_gb + lake_gb) * price["gb_month"] / DAYS_A_MONTH + puts + gets)


def jobs(json_gb: float, rows: float, price: Unit, measured: Unit) -> float:
    """Four jobs each quarter of an hour; a build does what is new, then its day's rows anew."""
    parse_s = json_gb * 1e3 * measured["embedded"]["cpu_s_per_mb"]
    rows_s = RUNS_A_DAY * rows / 2 * measured["increment"]["cpu_s_per_row"]
    fixed_s = RUNS_A_DAY * measured["increment"]["cpu_s"]
    build_hours = (parse_s + rows_s + fixed_s) / 3600 / CPUS_A_DPU
    # A small job holds two DPUs all the while; a large build as many as it keeps busy.
    started_s = RUNS_A_DAY * (JOBS_A_RUN * START_S + (JOBS_A_RUN - 1) * SMALL_JOB_S)
    started = (started_s + JOBS_A_DAY * (START_S + SMALL_JOB_S)) * DPUS / 3600
    catalog = RUNS_A_DAY * CATALOG_REQUESTS_A_RUN / 1e6 * price["million_catalog_requests"]
    return float((started + max(build_hours, 0.0)) * price["dpu_hour"] + catalog)


def tables(contacts: float, events: float, price: Unit, measured: Unit) -> float:
    """Live states, decisions and their settling; what routing reads."""
    writes = events * measured["per_event"]
    writes += contacts * (measured["per_decision"] + measured["per_settled"])
    reads = contacts * READS_A_DECISION
    return float(writes / 1e6 * price["million_writes"] + reads / 1e6 * price["million_reads"])


def questions(contacts: int, price: Unit, measured: Unit) -> float:
    """The nightly questions over four weeks; Athena bills 10 MB a query at least."""
    four_weeks = 28 * contacts
    each = [measured["bytes_per_contact"][name] * four_weeks for name in MEASURED_QUESTIONS]
    mean = sum(max(size, 1e7) for size in each) / len(each)
    return float(QUESTIONS_A_DAY * mean / 1e12 * price["tb_scanned"])


def watching(contacts: float, price: Unit) -> float:
    """A log line a call, alarms and metrics."""
    logged = contacts * LOG_BYTES_A_CALL / 1e9 * price["gb_logs"]
    month = ALARM_METRICS * price["alarm_month"] + METRICS * price["metric_month"]
    return float(logged + month / DAYS_A_MONTH)


def held(price: Unit) -> float:
    """What is paid for being there."""
    return float(price["kms_key"] + price["secret"]) / DAYS_A_MONTH


def page(prices: Unit, measured: Unit) -> str:
    """The tables of the page: dollars a day by service, and what Athena reads for a report."""
    columns = {contacts: costs(contacts, prices, measured) for contacts in CONTACTS_A_DAY}
    head = " | ".join(f"{contacts:,}" for contacts in CONTACTS_A_DAY)
    rule = "|---" * (1 + len(columns)) + "|"
    lines = [f"| contacts a day | {head} |", rule]
    for service in columns[CONTACTS_A_DAY[0]]:
        row = " | ".join(_dollars(each[service]) for each in columns.values())
        lines.append(f"| {service} | {row} |")
    totals = [sum(each.values()) for each in columns.values()]
    lines.append(f"| **a day** | {' | '.join(f'**{_dollars(each)}**' for each in totals)} |")
    month = " | ".join(f"{each * DAYS_A_MONTH:,.0f} $" for each in totals)
    lines += [f"| a month of 30 days | {month} |", ""]
    lines += [f"| bytes that Athena reads, 28 days | {head} |", rule]
    for name in MEASURED_QUESTIONS:
        per_contact = measured["query"]["bytes_per_contact"][name]
        sizes = (ceil(28 * contacts * per_contact / 1e6) for contacts in CONTACTS_A_DAY)
        lines.append(f"| `{name}` | {' | '.join(f'{size:,} MB' for size in sizes)} |")
    return "\n".join(lines) + "\n"


def _dollars(amount: float) -> str:
    return f"{amount:,.2f} $"


def loaded(path: Path) -> Unit:
    """A TOML file."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def main() -> int:
    """Print the tables."""
    sys.stdout.write(page(loaded(HERE / "prices.toml"), loaded(MEASURED)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
