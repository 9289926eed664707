"""The key of the customers' tokens is rotated: joins go on, and the old key can be deleted."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from glue_jobs.lake import opened
from glue_jobs.route import tokens
from glue_jobs.settings import Settings
from lambdas.routing.decide import customer_ids
from lambdas.routing.event import Contact
from tests.centre_records import contact, work_item, written
from tests.lake_program import outcome, run
from transforms.tables import TABLES

CALLER, QUIET, GONE = "+12025550123", "+12025550199", "+12025550177"
OLD = {"CUSTOMER_KEY": "5a" * 32}
NEW = {"CUSTOMER_KEY": "a5" * 32, "CUSTOMER_KEY_VERSION": "2"}
BOTH = NEW | {"CUSTOMER_KEY_OLD": "5a" * 32}
NAMES = ("CUSTOMER_KEY", "CUSTOMER_KEY_VERSION", "CUSTOMER_KEY_OLD", "CUSTOMER_KEY_OLD_VERSION")


def called(name: str, number: str, day: int) -> dict[str, Any]:
    at = f"2026-01-{day:02}T10:00:00Z"
    ended = f"2026-01-{day:02}T10:02:00Z"
    return contact(name, at, CustomerEndpoint={"Address": number}, DisconnectTimestamp=ended)


def under(patch: pytest.MonkeyPatch, keys: dict[str, str]) -> None:
    for name in NAMES:
        patch.delenv(name, raising=False)
    for name, value in keys.items():
        patch.setenv(name, value)


def land(lake: Path, name: str, *records: Any) -> None:
    run("ingest", "--lake", str(lake), str(written(lake.parent / f"{name}.ndjson.gz", records)))


def built(lake: Path, name: str, *records: Any) -> None:
    land(lake, name, *records)
    run("build", "--lake", str(lake))


def rows(lake: Path, sql: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = run("sql", "--lake", str(lake), "--format", "json", sql).rows
    return found


def repeats(lake: Path) -> int:
    [row] = run("query", "repeat_contacts", "--lake", str(lake), "--format", "json").rows
    return int(row["journeys_repeated"])


def versions(lake: Path) -> set[str]:
    """The key versions that name customers in the tables now."""
    with opened(Settings(str(lake))) as found:
        texts = [str(found.read(table).to_pydict()) for table in TABLES]
    return set(re.findall(r"\bc([A-Za-z0-9]{1,16})_[0-9a-f]{32}", " ".join(texts)))


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What was seen under the old key, under both, after `lake rekey`, and under the new key."""
    lake = tmp_path_factory.mktemp("rekey") / "lake"
    seen: dict[str, Any] = {"lake": lake}
    with pytest.MonkeyPatch.context() as patch:
        under(patch, OLD)
        built(
            lake,
            "old",
            called("c-1", CALLER, 5),
            called("c-9", GONE, 5),
            work_item("w-1", CustomerId=CALLER),
        )
        built(lake, "quiet", called("c-2", QUIET, 5))
        run("score", "--lake", str(lake))
        run("forget", GONE, "--yes", "--lake", str(lake))
        seen["old"] = (repeats(lake), versions(lake))
        under(patch, BOTH)
        built(lake, "both", called("c-3", CALLER, 7), called("c-4", GONE, 7))
        seen["both"] = (repeats(lake), versions(lake))
        for path in (lake / "raw").rglob("*.gz"):
            if QUIET in gzip.decompress(path.read_bytes()).decode():
                path.unlink()  # raw expires
        seen["told"] = run("rekey", "--dry-run", "--lake", str(lake), "--format", "json").rows
        seen["done"] = run("rekey", "--lake", str(lake), "--format", "json").rows
        seen["again"] = run("rekey", "--lake", str(lake), "--format", "json").rows
        seen["idle"] = run("build", "--lake", str(lake)).err
        under(patch, NEW)
        built(lake, "new", called("c-5", CALLER, 9), called("c-6", GONE, 9))
        seen["new"] = (repeats(lake), versions(lake))
        seen["checked"] = outcome("check", "--lake", str(lake)).code
        yield seen


def test_joins_continue_while_both_keys_are_set(stages):
    assert (stages["old"], stages["both"]) == ((0, {"1"}), (1, {"1", "2"}))


def test_joins_continue_when_the_old_key_is_gone(stages):
    repeated, _ = stages["new"]
    assert repeated == 2


def test_everybody_whom_raw_knows_goes_over(stages):
    found = rows(stages["lake"], "SELECT contact_id, customer_id FROM contact_record ORDER BY 1")
    named = {row["contact_id"]: (row["customer_id"] or "none")[:3] for row in found}
    assert named == {
        "c-1": "c2_", "c-2": "c1_", "c-3": "c2_", "c-4": "non", "c-5": "c2_", "c-6": "non",
        "c-9": "non",
    }  # fmt: skip


def test_one_customer_has_one_token(stages):
    [row] = rows(
        stages["lake"],
        "SELECT count(DISTINCT customer_id) AS n FROM contact_record "
        "WHERE contact_id IN ('c-1', 'c-3', 'c-5')",
    )
    assert row == {"n": 1}


def test_cases_and_agents_of_customers_go_over_too(stages):
    found = rows(stages["lake"], "SELECT customer_id FROM work_item")
    known = rows(stages["lake"], "SELECT customer_id FROM customer_agent")
    assert ([row["customer_id"][:3] for row in found], len(known)) == (["c2_"], 2)


def test_the_dry_run_tells_the_same(stages):
    assert stages["told"] == stages["done"]


def test_what_stays_under_the_old_key_is_told(stages):
    left = {row["table"]: row["left"] for row in stages["done"] if row["left"]}
    assert left == {
        "contact_record": 1, "contact_statistic_record": 1, "journey": 1, "customer_agent": 1,
    }  # fmt: skip


def test_doing_it_again_moves_nobody(stages):
    assert sum(row["moved"] for row in stages["again"]) == 0


def test_the_next_build_has_nothing_to_do(stages):
    assert "nothing new has landed" in stages["idle"]


def test_the_lake_still_holds_what_it_must(stages):
    assert stages["checked"] == 0


@pytest.mark.parametrize("table", [table.name for table in TABLES])
def test_no_number_is_in_any_file_of_a_table(stages, table):
    read = [
        str(pq.read_table(path, partitioning=None).to_pydict())
        for path in Path(stages["lake"], "tables", table).rglob("*.parquet")
    ]
    digits = [number[1:] for number in (CALLER, QUIET, GONE)]
    assert [number for number in digits if number in " ".join(read)] == []


def test_routing_asks_for_the_new_token_and_then_for_the_old_one(stages, monkeypatch):
    under(monkeypatch, BOTH)
    with opened(Settings(str(stages["lake"]))) as lake:
        keyed = tokens(lake)
    who = Contact(customer_address="+1 (202) 555-0123")
    assert [token[:3] for token in customer_ids(who, keyed)] == ["c2_", "c1_"]


def test_without_a_former_key_there_is_nothing_to_leave(stages, monkeypatch):
    under(monkeypatch, NEW)
    told = outcome("rekey", "--lake", str(stages["lake"]))
    assert (told.code, told.err.count("\n"), "CUSTOMER_KEY_OLD" in told.err) == (12, 1, True)


def test_two_keys_of_one_version_are_refused(stages, monkeypatch):
    under(monkeypatch, BOTH | {"CUSTOMER_KEY_VERSION": "1"})
    told = outcome("rekey", "--lake", str(stages["lake"]))
    assert (told.code, "CUSTOMER_KEY_VERSION" in told.err) == (12, True)
