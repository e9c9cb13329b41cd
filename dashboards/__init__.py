"""The analyst dashboard. Reads materialized assets through footpred_dagster.core only."""
