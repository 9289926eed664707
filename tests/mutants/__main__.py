"""`python -m tests.mutants [--only NAME]`: seeds each defect and demands that its tests fail.

Exit code 1 if one survives. The same tests pass without the defects, which is tried first.
"""

import argparse
import sys

from tests.mutants.mutants import MUTANTS
from tests.mutants.trial import UntestedError, is_killed, is_passing, project_copy


def main():
    only = parser().parse_args().only
    mutants = [each for each in MUTANTS if each.name in (only or each.name)]
    with project_copy() as project:
        if not is_passing(project, sorted({test for each in mutants for test in each.tests})):
            sys.exit("mutants: the tests fail without any defect")
        survivors = [each.name for each in mutants if not told(each, project)]
    print(f"{len(mutants) - len(survivors)} of {len(mutants)} killed")  # noqa: T201
    sys.exit(f"mutants: {', '.join(survivors)} survived: write the missing test" * bool(survivors))


def told(mutant, project):
    """Whether the defect is noticed, said on the way."""
    try:
        verdict = "killed" if is_killed(mutant, project) else "SURVIVED"
    except UntestedError as error:
        verdict = f"UNTESTED: {error}"
    print(f"{mutant.name}: {verdict}", flush=True)  # noqa: T201
    return verdict == "killed"


def parser():
    top = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    names = [each.name for each in MUTANTS]
    top.add_argument("--only", action="append", choices=names, metavar="NAME", help="one of them")
    return top


if __name__ == "__main__":
    main()
