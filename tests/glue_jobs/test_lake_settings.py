"""The numbers that a centre sets for its lake."""

from __future__ import annotations

from pathlib import Path

import pytest

from glue_jobs.lake_settings import LakeSettingsError, limits, weights
from ingestion.store import Store, store
from transforms.workforce.automation import USUAL as USUAL_LIMITS
from transforms.workforce.score import USUAL as USUAL_WEIGHTS


@pytest.fixture
def folder(tmp_path: Path) -> Store:
    return store(str(tmp_path), lambda: None)


def test_without_a_file_the_usual_hold(folder):
    assert (limits(folder), weights(folder)) == (USUAL_LIMITS, USUAL_WEIGHTS)


def test_limits_of_the_lakes_own_hold(folder):
    folder.put("automation.toml", b'sensitive = ["pension"]\ncontacts = 50\nhold_share = 1\n')
    expected = USUAL_LIMITS._replace(sensitive=("pension",), contacts=50, hold_share=1.0)
    assert limits(folder) == expected


def test_weights_of_the_lakes_own_hold(folder):
    folder.put("score.toml", b'backlog = 0.6\noccupancy = 0.1\nversion = "ours"\n')
    expected = USUAL_WEIGHTS._replace(backlog=0.6, occupancy=0.1, version="ours")
    assert weights(folder) == expected


@pytest.mark.parametrize(
    "text",
    ["nonsense = 1", "contacts = -1", 'sensitive = "fraud"', "hold_share = 3", "=", "version = 1",
     "contacts = true", "median_handle_s = inf", 'sensitive = [""]'],
)  # fmt: skip
def test_limits_that_cannot_be_meant_are_told(folder, text):
    folder.put("automation.toml", text.encode())
    with pytest.raises(LakeSettingsError, match=r"automation\.toml: "):
        limits(folder)


@pytest.mark.parametrize(
    "text",
    [
        'backlog = 0.9\nversion = "x"',
        "half_backlog_minutes = 100",
        'half_backlog_minutes = 0\nversion = "x"',
        "weight = 1",
    ],
    ids=["not 1 in all", "no version", "zero", "unknown"],
)
def test_weights_that_cannot_be_meant_are_told(folder, text):
    folder.put("score.toml", text.encode())
    with pytest.raises(LakeSettingsError, match=r"score\.toml: "):
        weights(folder)
