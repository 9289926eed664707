"""One job in this process, its run as the last line: `python -m tests.bench.one JOB OPTIONS`."""

import json
import sys

from tests.bench.harness import performed


def main():
    job, options = sys.argv[1:]
    done = performed(job, json.loads(options))
    sys.stdout.flush()
    sys.stdout.write("\n" + json.dumps(done._asdict()) + "\n")


if __name__ == "__main__":
    main()
