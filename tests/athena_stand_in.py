"""A stand-in for Amazon Athena, for tests: none can be had on this machine.

It answers the JSON 1.1 calls that awswrangler makes, runs the SQL over the lake's own Iceberg
tables with the translation that folder lakes use (`glue_jobs.query.local`), and puts the result
where awswrangler expects it: a CSV object in which every value is quoted and NULL is empty. So it
shows that the way to Athena and back is right, not that Athena's engine agrees with DuckDB.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa

from glue_jobs.lake import Lake, s3_client
from glue_jobs.query import local
from ingestion.errors import LakeError

_CONTENT = "application/x-amz-json-1.1"
_TYPES = {
    pa.string(): "varchar",
    pa.int32(): "integer",
    pa.int64(): "bigint",
    pa.float64(): "double",
    pa.bool_(): "boolean",
    pa.date32(): "date",
    pa.timestamp("us"): "timestamp",
}


@dataclass
class Athena:
    """Queries by id over a lake; `statements` is every text received.

    `workgroup`: the configuration of every workgroup. `heard`: who signed, and which action.
    """

    lake: Lake
    statements: list[str] = field(default_factory=list)
    workgroup: dict[str, Any] = field(
        default_factory=lambda: {"EnforceWorkGroupConfiguration": False, "ResultConfiguration": {}}
    )
    heard: list[tuple[str, str]] = field(default_factory=list)
    _queries: dict[str, dict[str, Any]] = field(default_factory=dict)

    def answer(self, action: str, asked: dict[str, Any]) -> dict[str, Any]:
        """The reply to one API call, such as `StartQueryExecution`."""
        return dict(getattr(self, f"_{action}")(asked))

    def _StartQueryExecution(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        name = str(uuid.uuid4())
        self.statements.append(asked["QueryString"])
        location = f"{asked['ResultConfiguration']['OutputLocation'].rstrip('/')}/{name}.csv"
        query: dict[str, Any] = {
            "QueryExecutionId": name,
            "Query": asked["QueryString"],
            "StatementType": "DML",
            "ResultConfiguration": {"OutputLocation": location},
            "QueryExecutionContext": asked.get("QueryExecutionContext", {}),
            "Statistics": {"DataScannedInBytes": 0},
        }
        try:
            rows = local(self.lake, asked["QueryString"], {})
            self._put(location, csv_of(rows))
            query |= {"Status": _status("SUCCEEDED"), "rows": rows}
        except LakeError as error:
            query["Status"] = _status("FAILED") | {"StateChangeReason": str(error)}
        self._queries[name] = query
        return {"QueryExecutionId": name}

    def _GetQueryExecution(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        query = self._queries[asked["QueryExecutionId"]]
        return {"QueryExecution": {name: query[name] for name in query if name != "rows"}}

    def _BatchGetQueryExecution(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        found = [
            self._GetQueryExecution({"QueryExecutionId": name})["QueryExecution"]
            for name in asked["QueryExecutionIds"]
        ]
        return {"QueryExecutions": found, "UnprocessedQueryExecutionIds": []}

    def _ListQueryExecutions(self, _asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"QueryExecutionIds": list(self._queries)}

    def _StopQueryExecution(self, _asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {}

    def _GetQueryResults(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        rows: pa.Table = self._queries[asked["QueryExecutionId"]]["rows"]
        columns = [{"Name": each.name, "Type": _TYPES[each.type]} for each in rows.schema]
        return {"ResultSet": {"Rows": [], "ResultSetMetadata": {"ColumnInfo": columns}}}

    def _GetWorkGroup(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"WorkGroup": {"Name": asked["WorkGroup"], "Configuration": self.workgroup}}

    def _put(self, location: str, data: bytes) -> None:
        parts = urlsplit(location)
        client = s3_client(self.lake.settings)
        client.put_object(Bucket=parts.netloc, Key=parts.path.lstrip("/"), Body=data)
        client.close()


def _status(state: str) -> dict[str, Any]:
    now_s = time.time()
    return {"State": state, "SubmissionDateTime": now_s, "CompletionDateTime": now_s}


def csv_of(rows: pa.Table) -> bytes:
    """The rows as Athena writes a result: a header, every value in quotes, NULL empty."""
    lines = [rows.column_names, *([*row.values()] for row in rows.to_pylist())]
    return "".join(",".join(map(_cell, line)) + "\n" for line in lines).encode()


def _cell(value: object) -> str:
    return "" if value is None else '"' + str(value).replace('"', '""') + '"'


@contextmanager
def athena(lake: Lake) -> Iterator[tuple[str, Athena]]:
    """The endpoint of a running stand-in, for `AWS_ENDPOINT_URL_ATHENA`, and its state."""
    state = Athena(lake)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            action = self.headers["X-Amz-Target"].rpartition(".")[2]
            state.heard.append((self.headers["Authorization"], action))
            body = json.dumps(state.answer(action, asked)).encode()
            self.send_response(200)
            self.send_header("Content-Type", _CONTENT)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keeps request lines off the terminal."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", state
        finally:
            server.shutdown()
            thread.join()
