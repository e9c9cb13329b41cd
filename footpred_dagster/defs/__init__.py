"""Dagster definitions, one folder per layer; each loads itself."""
