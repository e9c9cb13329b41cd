"""The dbt models: staging, intermediate, features and marts."""
