"""`python -m glue_jobs` is `lake`."""

import sys

from glue_jobs.main import main

sys.exit(main())
