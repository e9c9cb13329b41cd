"""The dbt models: staging, intermediate and features."""
