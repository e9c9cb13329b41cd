"""The HTTP service. Reads materialized assets through footpred_dagster.core only."""
