"""`python -m worker.connection`, which the supervisor starts."""

from worker.connection.process import main

main()
