"""The Dagster-free core: everything the service and the dashboard may import."""
