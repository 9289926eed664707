"""Defects to seed, one textual change each, and the tests that must notice.

`old` stands exactly once in its file. The first seven are those that a lake of this kind is known
to ship with: delete-then-write, no tie-break, "newer or equal", no compare-and-swap, the highest
failure as checkpoint, a plain hash of a phone number, and SQL put together as text.
"""

from __future__ import annotations

from typing import NamedTuple


class Mutant(NamedTuple):
    """A defect: in `file` (from the project's root), `old` becomes `new`; `tests` are pytest's."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


_LAKE, _BUILD = "tests/glue_jobs/test_lake.py", "tests/glue_jobs/test_build.py"
_EXPIRY, _REJECTS = "tests/glue_jobs/test_maintenance.py", "tests/glue_jobs/test_rejects.py"
_LANDING, _RECORDS = "tests/ingestion/test_landing.py", "tests/ingestion/test_records.py"
_PRIVACY, _FORGET = "tests/ingestion/test_privacy.py", "tests/glue_jobs/test_forget.py"
_PROMISES, _FOLD = (
    "tests/lambdas/test_routing_reservations.py",
    "tests/lambdas/test_agent_state_fold.py",
)
_COMMITS = "tests/glue_jobs/test_commits.py"
_STATES = "tests/transforms/test_agent_state_interval.py"
_STATISTICS = "tests/transforms/test_contact_statistic_record.py"

MUTANTS = (
    Mutant(
        "delete-then-write",
        "glue_jobs/lake.py",
        "                    change.delete_data_file(file)\n",
        """\
                    change.delete_data_file(file)
            with self._iceberg.transaction() as transaction, swap(transaction) as change:
""",
        (f"{_LAKE}::test_replacing_days_is_one_snapshot",),
    ),
    Mutant(
        "no-tie-break",
        "transforms/fields.py",
        "        lpad(hex({digest}), 16, '0'))",
        "        '')",
        (
            (
                "tests/transforms/test_contact_record.py"
                "::test_versions_with_equal_counts_differ_by_their_content"
            ),
        ),
    ),
    Mutant(
        "newer-or-equal",
        "glue_jobs/publish.py",
        "OR #asOf < :asOf",
        "OR #asOf <= :asOf",
        (
            (
                "tests/glue_jobs/test_publish.py"
                "::test_an_equally_old_row_that_comes_between_read_and_write_is_kept"
            ),
        ),
    ),
    Mutant(
        "no-compare-and-swap",
        "glue_jobs/lake.py",
        "        try:\n            with self._iceberg.transaction()",
        "        self._iceberg.refresh()\n        try:\n"
        "            with self._iceberg.transaction()",
        (f"{_LAKE}::test_what_another_adds_meanwhile_is_a_conflict_and_stays",),
    ),
    Mutant(
        "dead-manifests-stay",
        "glue_jobs/commits.py",
        "._existing_manifests() if _is_live(each)]",
        "._existing_manifests()]",
        (f"{_COMMITS}::test_a_day_that_is_replaced_again_and_again_has_two_manifests",),
    ),
    Mutant(
        "highest-checkpoint",
        "ingestion/landing.py",
        "lowest = min(failed, key=int, default=None)",
        "lowest = max(failed, key=int, default=None)",
        (f"{_LANDING}::test_the_retry_begins_at_the_lowest_failure",),
    ),
    Mutant(
        "plain-hash",
        "ingestion/privacy.py",
        'mac = hmac.new(key, value.encode("utf-8", "surrogatepass"), hashlib.sha256)',
        'mac = hashlib.sha256(value.encode("utf-8", "surrogatepass"))',
        (f"{_PRIVACY}::test_another_key_gives_another_token",),
    ),
    Mutant(
        "sql-as-text",
        "glue_jobs/dialect.py",
        "else exp.Literal.string(value)",
        "else exp.maybe_parse(f\"'{value}'\", dialect='duckdb')",
        (
            (
                "tests/glue_jobs/test_injection.py"
                "::test_no_string_finds_a_row_and_each_comes_back_as_it_was"
            ),
        ),
    ),
    Mutant(
        "literal-unescaped",
        "transforms/duck.py",
        """return "'" + value.replace("'", "''") + "'\"""",
        """return f"'{value}'\"""",
        ("tests/transforms/test_duck.py",),
    ),
    Mutant(
        "promise-without-version",
        "lambdas/routing/reservations.py",
        '"ConditionExpression": "#version = :before"',
        '"ConditionExpression": "#version = :before OR attribute_exists(#version)"',
        (f"{_PROMISES}::test_a_promise_over_an_older_version_is_refused_with_the_newer_one",),
    ),
    Mutant(
        "promise-without-end",
        "lambdas/routing/reservations.py",
        "return self.ends_s > now.timestamp() and self.question == question(contact)",
        "return self.question == question(contact)",
        (f"{_PROMISES}::test_an_answer_that_has_ended_is_made_anew",),
    ),
    Mutant(
        "state-without-version",
        "lambdas/agent_state/tables.py",
        "attribute_not_exists(#version) OR #version = :before",
        "attribute_not_exists(#version) OR #version >= :before",
        (
            (
                "tests/lambdas/test_agent_state_handler.py"
                "::test_a_promise_made_between_read_and_write_is_kept"
            ),
        ),
    ),
    Mutant(
        "repetition-is-news",
        "lambdas/agent_state/fold.py",
        "return event.order > order(seen.live.seen_at, *seen.event)",
        "return event.order >= order(seen.live.seen_at, *seen.event)",
        (f"{_FOLD}::test_a_repetition_changes_nothing",),
    ),
    Mutant(
        "stale-scores-count",
        "lambdas/routing/scores.py",
        "if oldest <= row.as_of <= latest and",
        "if row.as_of <= latest and",
        ("tests/lambdas/test_routing_choose.py::test_no_stale_row_is_ever_offered",),
    ),
    Mutant(
        "scores-of-tomorrow-count",
        "lambdas/routing/scores.py",
        "if oldest <= row.as_of <= latest and",
        "if oldest <= row.as_of and",
        ("tests/lambdas/test_routing_choose.py::test_scores_are_trusted_by_their_age",),
    ),
    Mutant(
        "log-with-numbers",
        "lambdas/routing/handler.py",
        'else _NUMBER.sub("#", text)',
        "else text",
        ("tests/lambdas/test_routing_fuzz.py::test_no_number_reaches_the_log_of_routing",),
    ),
    Mutant(
        "conservation-unaudited",
        "glue_jobs/merge.py",
        "lost = abs(counts.landed - accounted)",
        "lost = 0",
        (f"{_BUILD}::test_records_that_go_missing_on_the_way_fail_the_audit",),
    ),
    Mutant(
        "gate-open",
        "glue_jobs/quality.py",
        "    if result.success:",
        "    if result:",
        (f"{_BUILD}::test_a_failed_audit_commits_nothing",),
    ),
    Mutant(
        "moved-contact-twice",
        "glue_jobs/merge.py",
        "if not source.moves or not spill.rows_by_day:",
        "if source.moves or not spill.rows_by_day:",
        (f"{_BUILD}::test_what_moves_is_corrected_on_both_days_and_in_every_table_that_follows",),
    ),
    Mutant(
        "reach-forgotten",
        "glue_jobs/build.py",
        "for day in around(changed_day, step.reach)}",
        "for day in around(changed_day, 0)}",
        (f"{_BUILD}::test_an_event_of_the_next_day_ends_a_state_of_the_day_before",),
    ),
    Mutant(
        "ledger-before-tables",
        "glue_jobs/build.py",
        "        seen[step.writes.name] = lake.snapshot(step.writes.name)\n",
        "        seen[step.writes.name] = 0\n",
        (f"{_BUILD}::test_the_run_names_the_snapshot_of_every_table",),
    ),
    Mutant(
        "loser-gives-up",
        "glue_jobs/racing.py",
        "for turn in range(MOST_RETRIES):",
        "for turn in range(0):",
        ("tests/glue_jobs/test_racing.py::test_work_is_done_again_until_it_is_first",),
    ),
    Mutant(
        "rollback-ignored",
        "glue_jobs/ledger.py",
        'before.append(newest[run["restored"]] if run["restored"] else at - 1)',
        "before.append(at - 1)",
        ("tests/glue_jobs/test_ledger.py::test_the_runs_that_stand",),
    ),
    Mutant(
        "rollback-unnoticed",
        "glue_jobs/ledger.py",
        "if now.rollbacks != began.rollbacks:",
        "if now.rollbacks < began.rollbacks:",
        (
            (
                "tests/glue_jobs/test_history.py"
                "::test_a_run_that_began_before_a_rollback_is_not_recorded"
            ),
        ),
    ),
    Mutant(
        "expiry-by-birth",
        "glue_jobs/maintenance.py",
        "for each, then in pairwise(metadata.snapshot_log)}",
        "for each, then in ()}",
        (f"{_EXPIRY}::test_a_snapshot_that_was_current_until_not_long_ago_stays",),
    ),
    Mutant(
        "young-orphans-go",
        "glue_jobs/maintenance.py",
        "if path not in going | staying and file.written_at < orphans_before",
        "if path not in going | staying",
        (f"{_EXPIRY}::test_a_young_file_is_of_a_write_under_way",),
    ),
    Mutant(
        "live-files-go",
        "glue_jobs/maintenance.py",
        "for path in going - staying if path in found}",
        "for path in going if path in found}",
        (f"{_EXPIRY}::test_what_an_old_snapshot_shares_with_the_current_one_stays",),
    ),
    Mutant(
        "live-files-discarded",
        "glue_jobs/lake.py",
        "except (CommitFailedException, ValidationException) as error:",
        "except BaseException as error:",
        (
            (
                "tests/faults/test_lost_answers.py"
                "::test_an_error_after_the_commit_leaves_the_live_files"
            ),
        ),
    ),
    Mutant(
        "lost-answer-is-a-loss",
        "glue_jobs/catalog.py",
        'if not self._has_had(database_name, table_name, table_input["Parameters"][LOCATION]):',
        "if table_input:",
        ("tests/faults/test_lost_answers.py::test_a_commit_whose_answer_is_lost_is_a_commit",),
    ),
    Mutant(
        "compaction-unaudited",
        "glue_jobs/compaction.py",
        "return 0 if before == after else max(rows.num_rows, 1)",
        "return 0 if before else max(rows.num_rows, len(after))",
        (
            (
                "tests/glue_jobs/test_compaction.py"
                "::test_a_row_that_gets_lost_fails_the_audit_and_nothing_is_committed"
            ),
        ),
    ),
    Mutant(
        "replayed-twice",
        "glue_jobs/rejects.py",
        "                _note(store, [each.reject for each in found])\n",
        "",
        (f"{_REJECTS}::test_nothing_is_replayed_twice",),
    ),
    Mutant(
        "replay-unproven",
        "glue_jobs/rejects.py",
        "if gzip.decompress(store.get(key)) != text:",
        "if not store.get(key):",
        (f"{_REJECTS}::test_an_object_that_does_not_come_back_as_it_was_put_is_told",),
    ),
    Mutant(
        "snapshots-remember",
        "glue_jobs/forget.py",
        "leave_current(lake, table.name)",
        "pass",
        (f"{_FORGET}::test_no_file_of_any_snapshot_holds_the_customer",),
    ),
    Mutant(
        "forgotten-comes-back",
        "glue_jobs/parsers.py",
        "return without_tokens(rows, forgotten) if forgotten else rows",
        "return rows",
        (f"{_FORGET}::test_what_is_delivered_again_is_redacted",),
    ),
    Mutant(
        "object-overwritten",
        "ingestion/landing.py",
        "-{shard}-{first.position}-{last.position}.ndjson.gz",
        "-{shard}-{first.position}.ndjson.gz",
        (f"{_LANDING}::test_a_stream_object_is_named_by_day_shard_and_its_own_sequence_range",),
    ),
    Mutant(
        "delivered-in-part",
        "ingestion/landing.py",
        "            lowest = obj.first\n",
        "            lowest = lowest\n",
        (f"{_LANDING}::test_the_retry_takes_in_every_object_that_reaches_across_it",),
    ),
    Mutant(
        "nan-is-a-number",
        "ingestion/records.py",
        "parse_constant=_no_constant",
        "parse_constant=float",
        (f"{_RECORDS}::test_a_malformed_payload_is_one_typed_reject",),
    ),
    Mutant(
        "last-key-wins",
        "ingestion/records.py",
        "    if len(mapping) < len(pairs):",
        "    if len(mapping) > len(pairs):",
        (f"{_RECORDS}::test_a_malformed_payload_is_one_typed_reject",),
    ),
    Mutant(
        "bombs-welcome",
        "ingestion/inflation.py",
        "MAX_RATIO = 200",
        "MAX_RATIO = 200_000",
        ("tests/ingestion/test_inflation.py::test_data_that_only_inflates_is_a_bomb",),
    ),
    Mutant(
        "key-for-all-to-read",
        "ingestion/privacy.py",
        "& (stat.S_IRWXG | stat.S_IRWXO):",
        "& 0:",
        (f"{_PRIVACY}::test_a_key_that_others_may_touch_is_refused",),
    ),
    Mutant(
        "short-numbers-scrubbed-only",
        "transforms/scrubbing.py",
        r"{{0,3}}\p{{Nd}}){{6",
        r"{{0,3}}\p{{Nd}}){{11",
        ("tests/transforms/test_scrubbing.py::test_numbers_and_addresses_are_taken_out",),
    ),
    Mutant(
        "names-with-numbers",
        "transforms/scrubbing.py",
        "THEN '[number]' ELSE {text} END",
        "THEN {text} ELSE {text} END",
        ("tests/test_planted_numbers.py::test_no_number_is_in_a_table",),
    ),
    Mutant(
        "formula-runs",
        "glue_jobs/cells.py",
        '.lstrip(" \\u00a0").startswith(_FORMULA)',
        ".startswith(_FORMULA)",
        ("tests/glue_jobs/test_injection.py::test_csv_holds_no_formula",),
    ),
    Mutant(
        "path-leaves-its-folder",
        "glue_jobs/export.py",
        'quote(text, safe=" ()+@~")',
        'quote(text, safe=" ()+@~/")',
        ("tests/glue_jobs/test_export.py::test_a_value_in_a_path_is_one_part_of_it",),
    ),
    Mutant(
        "callback-is-abandoned",
        "transforms/contact_statistic_record.py",
        '"""({_ENQUEUED} AND NOT {_CONNECTED} AND NOT {_HAS_NEXT}',
        '"""({_ENQUEUED} AND NOT {_CONNECTED}',
        (
            (
                f"{_STATISTICS}"
                "::test_a_contact_with_a_next_contact_was_not_abandoned_but_a_callback_attempted"
            ),
        ),
    ),
    Mutant(
        "handle-time-without-hold",
        "transforms/contact_statistic_record.py",
        '"handle_time_ms": _sum(_INTERACTION, _HOLD, _WORK, _PAUSE)',
        '"handle_time_ms": _sum(_INTERACTION, _WORK, _PAUSE)',
        (f"{_STATISTICS}::test_handle_time_takes_nulls_as_zero_unless_all_are_null",),
    ),
    Mutant(
        "silence-is-staffed",
        "transforms/agent_timeline.py",
        "SILENT_S = 300",
        "SILENT_S = 86_400",
        (f"{_STATES}::test_a_silent_agent_is_credited_one_heartbeat_and_the_rest_is_a_gap",),
    ),
    Mutant(
        "state-over-midnight",
        "transforms/agent_state_interval.py",
        "least(ended_at, CAST(view + 1 AS TIMESTAMP)) AS ended_at",
        "ended_at AS ended_at",
        (f"{_STATES}::test_a_state_is_cut_at_midnight",),
    ),
    Mutant(
        "erlang-one-ahead",
        "transforms/workforce/erlang.py",
        "answered = rate / (rate + ahead + 1) *",
        "answered = rate / (rate + ahead) *",
        ("tests/transforms/test_erlang.py::test_a_equals_the_chain_summed_state_by_state_to_1e_8",),
    ),
    Mutant(
        "closed-work-counts",
        "transforms/workforce/score.py",
        "FROM work_item WHERE status = 'OPEN' GROUP BY agent_username",
        "FROM work_item GROUP BY agent_username",
        ("tests/transforms/test_score.py::test_closed_items_do_not_count",),
    ),
    Mutant(
        "affinity-for-ever",
        "transforms/workforce/score.py",
        "WHERE handled_at + INTERVAL {affinity_days} DAY > {now}",
        "WHERE true",
        ("tests/transforms/test_score.py::test_an_association_ends_after_its_days",),
    ),
    Mutant(
        "former-key-unread",
        "ingestion/privacy.py",
        "numbers = [keyed.token(address) for keyed in self.each]",
        "numbers = [self.token(address)]",
        (
            (
                "tests/glue_jobs/test_rekey.py"
                "::test_routing_asks_for_the_new_token_and_then_for_the_old_one"
            ),
        ),
    ),
    Mutant(
        "rotation-breaks-joins",
        "glue_jobs/commands.py",
        "if made_parsers.tokens.former and built.inputs:",
        "if made_parsers is None:",
        ("tests/glue_jobs/test_rekey.py::test_joins_continue_while_both_keys_are_set",),
    ),
    Mutant(
        "cell-alone",
        "glue_jobs/small_cells.py",
        "if len(small) == 1:",
        "if len(small) == -1:",
        (
            (
                "tests/glue_jobs/test_small_cells.py"
                "::test_small_rows_are_left_out_and_never_one_alone"
            ),
        ),
    ),
    Mutant(
        "filters-asked-for-all",
        "glue_jobs/bloom.py",
        ".all(axis=1).any())",
        ".all())",
        ("tests/glue_jobs/test_bloom.py::test_of_several_texts_every_row_group_is_found",),
    ),
    Mutant(
        "ledger-read-from-the-last-arrival",
        "glue_jobs/ledger.py",
        "min(map(raw.arrived_on, asked))",
        "max(map(raw.arrived_on, asked))",
        ("tests/glue_jobs/test_ledger.py::test_runs_before_the_first_arrival_are_not_looked_at",),
    ),
    Mutant(
        "undone-counts-as-read",
        "glue_jobs/ledger.py",
        'found.filter(stand)["inputs"]',
        'found["inputs"]',
        ("tests/glue_jobs/test_ledger.py::test_what_was_undone_is_unread",),
    ),
    Mutant(
        "entries-unsorted",
        "transforms/nested.py",
        'np.argsort(sought, kind="stable") if np.any(sought[1:] < sought[:-1]) else None',
        "None",
        ("tests/transforms/test_nested.py::test_entries_come_in_the_order_of_their_keys",),
    ),
    Mutant(
        "plan-for-other-columns",
        "transforms/duck.py",
        "slot.shape.equals(tables[name].schema) for",
        "True for",
        (
            (
                "tests/transforms/test_duck.py"
                "::test_a_query_that_is_asked_again_may_be_given_other_columns"
            ),
        ),
    ),
    Mutant(
        "cut-forgets-where",
        "glue_jobs/raw.py",
        "tuple(at - start for at in",
        "tuple(max(at - start, 0) for at in",
        ("tests/glue_jobs/test_raw.py::test_a_line_knows_its_object_and_its_place_there",),
    ),
    Mutant(
        "unchanged-parts-lost",
        "glue_jobs/merge.py",
        "group.days if count == 1 else days",
        "group.days",
        (
            (
                "tests/glue_jobs/test_build.py"
                "::test_a_day_in_parts_keeps_the_rows_of_parts_that_did_not_change"
            ),
        ),
    ),
    Mutant(
        "unchanged-day-rewritten",
        "glue_jobs/merge.py",
        "change.leave(put.difference(counts.days))",
        "change.leave(())",
        (
            (
                "tests/glue_jobs/test_build.py"
                "::test_a_day_in_parts_of_which_none_changed_is_left_as_it_was"
            ),
        ),
    ),
    Mutant(
        "held-rows-uncounted",
        "glue_jobs/merge.py",
        "spill.rows_by_day[day] + there[day] for day in",
        "spill.rows_by_day[day] for day in",
        (
            (
                "tests/glue_jobs/test_build.py"
                "::test_what_days_hold_counts_for_how_many_are_worked_on_together"
            ),
        ),
    ),
    Mutant(
        "step-cut-anywhere",
        "glue_jobs/build.py",
        "[day], columns), step.together, count):",
        "[day], columns), columns, count):",
        ("tests/glue_jobs/test_build.py::test_in_tiny_pieces_and_groups_the_tables_are_the_same",),
    ),
)
