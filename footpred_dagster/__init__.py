"""footpred: football predictions as Dagster assets, and the Dagster-free core they share."""
