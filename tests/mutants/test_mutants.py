"""The seeded defects still apply, and are noticed: a seeded share, all of them with PROVE=1."""

from __future__ import annotations

import os
import random

import pytest

from tests.mutants.mutants import MUTANTS
from tests.mutants.trial import ROOT, UntestedError, is_killed, is_passing, project_copy, seeded

PROVE = os.environ.get("PROVE") == "1"
SHARE = 8
TRIED = MUTANTS if PROVE else random.Random(7).sample(MUTANTS, SHARE)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda each: each.name)
def test_a_defect_applies_at_one_place_and_changes_it(mutant):
    text = (ROOT / mutant.file).read_text()
    assert (text.count(mutant.old), mutant.old == mutant.new) == (1, False)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda each: each.name)
def test_a_defect_names_tests_that_there_are(mutant):
    for test in mutant.tests:
        path, _, name = test.partition("::")
        assert f"def {name}(" in (ROOT / path).read_text() if name else (ROOT / path).exists()


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda each: each.name)
def test_a_defect_is_python(mutant):
    text = (ROOT / mutant.file).read_text()
    compile(text.replace(mutant.old, mutant.new), mutant.file, "exec")


def test_defects_have_names_of_their_own():
    assert len({each.name for each in MUTANTS}) == len(MUTANTS)


@pytest.fixture(scope="module")
def project():
    with project_copy() as copied:
        yield copied


def test_a_defect_that_no_test_notices_survives(project):
    weak = MUTANTS[0]._replace(tests=("tests/test_dictionary.py",))
    assert not is_killed(weak, project)


def test_after_a_trial_the_project_is_as_it_was(project):
    with seeded(MUTANTS[0], project):
        during = (project / MUTANTS[0].file).read_text()
    before = (ROOT / MUTANTS[0].file).read_text()
    assert ((project / MUTANTS[0].file).read_text() == before, during == before) == (True, False)


def test_tests_that_cannot_be_run_are_no_verdict(project):
    with pytest.raises(UntestedError):
        is_passing(project, ("tests/test_nowhere.py",))


@pytest.mark.heavy
def test_the_tests_pass_without_a_defect(project):
    assert is_passing(project, sorted({test for each in TRIED for test in each.tests}))


@pytest.mark.heavy
@pytest.mark.parametrize("mutant", TRIED, ids=lambda each: each.name)
def test_a_defect_is_noticed(mutant, project):
    assert is_killed(mutant, project)
