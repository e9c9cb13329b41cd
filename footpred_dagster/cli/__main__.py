"""``python -m footpred_dagster.cli``."""

from footpred_dagster.cli import main

main()
