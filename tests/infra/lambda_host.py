"""What AWS Lambda is to a function: its archive first on the path, events in, answers out.

Run as a process: archive folder, handler, then a folder with boto3, which is in Lambda's runtime.
"""

from __future__ import annotations

import json
import sys
import time


def main() -> None:
    """Answer an event a line, until there are no more."""
    folder, handler, runtime = sys.argv[1:4]
    sys.path[:0] = [folder]
    sys.path.append(runtime)
    began = time.perf_counter()
    module, _, name = handler.rpartition(".")
    function = getattr(__import__(module, fromlist=[name]), name)
    ready = {"import_s": time.perf_counter() - began, "from": sys.modules[module].__file__}
    answers = sys.stdout
    sys.stdout = sys.stderr  # what a function prints is its log
    answers.write(json.dumps(ready) + "\n")
    answers.flush()
    for line in sys.stdin:
        answers.write(json.dumps(function(json.loads(line), None)) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
