"""`make bench`: the same contact records into partitioned Parquet, ours beside what a user has.

Both read the same raw gzip objects and must come to the same rows. Every run is a process of its
own, in turn, so that neither profits from the other's warm memory; the middle of three counts.
Prints one JSON line per measure: name, ours, peer, ratio (peer / ours), unit, and peak memory.
"""

import argparse
import gzip
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

AGENTS, DAYS, SEED, ROUNDS = 100, 8, 1, 3
PEERS = ("ours", "awswrangler")


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--one", choices=PEERS, help="run one peer and print its figures")
    arguments.add_argument("--records", type=Path)
    arguments.add_argument("--rounds", type=int, default=ROUNDS)
    given = arguments.parse_args()
    if given.one:
        sys.stdout.write(json.dumps(figures(given.one, given.records)) + "\n")
        return
    with tempfile.TemporaryDirectory(prefix="lake-bench-") as folder:
        records = Path(folder)
        size_mb = write_records(records)
        runs = {peer: [] for peer in PEERS}
        for _ in range(given.rounds):
            for peer in PEERS:
                runs[peer].append(in_own_process(peer, records))
        rows = {run["rows"] for found in runs.values() for run in found}
        if len(rows) != 1:
            sys.exit(f"the peers do not agree on the rows: {rows}")
        report(runs, size_mb)


def write_records(folder):
    from ingestion.simulator import Truth, deliveries, invented_centre

    centre = invented_centre(agents=AGENTS, seed=SEED)
    found = deliveries(centre, date(2026, 1, 5), DAYS, SEED, Truth())
    text = b"".join(each.body + b"\n" for each in found if each.kind == "contact_record")
    (folder / "records.ndjson.gz").write_bytes(gzip.compress(text, 6))
    return len(text) / 1e6


def in_own_process(peer, records):
    command = [sys.executable, "-m", "tests.bench", "--one", peer, "--records", str(records)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def figures(peer, records):
    with tempfile.TemporaryDirectory(prefix="lake-bench-") as scratch:
        job = {"ours": ours, "awswrangler": awswrangler}[peer](records, Path(scratch))
        began = time.perf_counter()
        rows = job()
        seconds = time.perf_counter() - began
    rss_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"rows": rows, "seconds": seconds, "rss_mb": rss_mb}


def ours(records, scratch):
    """Landed objects to committed, audited, versioned rows; timed after imports."""
    from glue_jobs import quality
    from glue_jobs.build import build
    from glue_jobs.lake import made
    from glue_jobs.parsers import Parsers
    from glue_jobs.settings import Settings
    from ingestion.files import ingest
    from ingestion.privacy import Tokens
    from transforms.taxonomy import Taxonomy

    lake, _ = made(Settings(str(scratch / "lake")))
    ingest([records], lake.store)
    quality.validation("warm", {"warm": 0})

    def job():
        build(lake, Parsers(Taxonomy(), Tokens(b"bench-key-of-16-or-more")))
        return lake.count("contact_record")

    return job


def awswrangler(records, scratch):
    """What a user writes first: json_normalize, drop_duplicates, to_parquet by partition."""
    import awswrangler as wr
    import pandas as pd

    from glue_jobs.standin import stand_in

    def job():
        text = gzip.decompress((records / "records.ndjson.gz").read_bytes())
        frame = pd.json_normalize([json.loads(line) for line in text.splitlines()], max_level=2)
        frame = frame.sort_values("LastUpdateTimestamp").drop_duplicates("ContactId", keep="last")
        flat = [name for name in frame if not frame[name].map(lambda v: isinstance(v, list)).any()]
        frame = frame[flat].dropna(axis="columns", how="all").astype("string")
        frame["dt"] = frame["InitiationTimestamp"].str[:10]
        with stand_in() as aws:
            aws.client("s3").create_bucket(Bucket="bench")
            wr.s3.to_parquet(
                frame,
                path="s3://bench/contact_record/",
                dataset=True,
                partition_cols=["dt"],
                mode="overwrite_partitions",
                compression="zstd",
                boto3_session=aws.session(),
            )
        return len(frame)

    return job


def report(runs, size_mb):
    def middle(peer, name):
        return statistics.median(run[name] for run in runs[peer])

    for peer in PEERS[1:]:
        line = {
            "name": "contact_record from raw gzip, all tables that follow included",
            "ours": round(size_mb / middle("ours", "seconds"), 1),
            "peer": peer,
            "peer_value": round(size_mb / middle(peer, "seconds"), 1),
            "ratio": round(middle(peer, "seconds") / middle("ours", "seconds"), 2),
            "unit": "MB of JSON per second",
            "rss_mb": {name: round(middle(name, "rss_mb")) for name in ("ours", peer)},
            "rows": runs["ours"][0]["rows"],
            "cores": os.cpu_count(),
            "seed": SEED,
        }
        sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
