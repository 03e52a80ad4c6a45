"""`python -m worker.jobs`, the Procfile's `jobs`."""

import sys

from worker.jobs.process import main

sys.exit(main())
