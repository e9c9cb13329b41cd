"""Versioned schema of the tables Python writes. dbt owns staging, intermediate, features and marts."""
