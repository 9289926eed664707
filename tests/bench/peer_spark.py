"""What a user of Spark writes, on this machine: Spark 3.5 as in AWS Glue 5, `local[2]`."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.bench.flat import FIELDS, INITIATED, KEY, PEERS_COLUMNS, UPDATED, found, raw_files, tree
from tests.bench.harness import Job

_LEAF = {"text": "STRING", "at": "TIMESTAMP", "count": "BIGINT"}


def spark(options: Mapping[str, Any], scratch: Path) -> Job:
    """`read.json` with a schema, newest by window, `write.partitionBy`. The session is started,
    and has run a first job, before the clock does.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    session = _session(scratch)
    session.range(10).count()

    def work() -> None:
        frame = session.read.schema(_ddl(tree(_LEAF))).json(raw_files(options["data"]))
        frame = frame.select(
            *(
                f.col(".".join(f"`{part}`" for part in each.path)).alias(each.name)
                for each in FIELDS
            )
        )
        versions = Window.partitionBy(KEY).orderBy(f.col(UPDATED).desc())
        frame = frame.withColumn("place", f.row_number().over(versions)).where("place = 1")
        frame = frame.drop("place").withColumn("day", f.to_date(INITIATED))
        frame.write.partitionBy("day").option("compression", "zstd").parquet(str(scratch / "out"))

    def rows() -> Any:
        session.stop()
        return found(map(str, scratch.rglob("out/**/*.parquet")), PEERS_COLUMNS)

    return Job(work, rows)


def _session(scratch: Path) -> Any:
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    return (
        SparkSession.builder.master("local[2]")
        .config("spark.sql.execution.arrow.pyspark.enabled", "true")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "8")
        .config("spark.driver.memory", "4g")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.ui.enabled", "false")
        .config("spark.local.dir", str(scratch))
        .config("spark.sql.warehouse.dir", str(scratch / "warehouse"))
        .getOrCreate()
    )


def _ddl(node: Mapping[str, Any]) -> str:
    return ", ".join(f"`{name}` {_type(inner)}" for name, inner in node.items())


def _type(inner: Any) -> str:
    if not isinstance(inner, Mapping):
        return str(inner)
    fields = ", ".join(f"`{name}`: {_type(below)}" for name, below in inner.items())
    return f"STRUCT<{fields}>"
