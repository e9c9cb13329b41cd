"""Sealed predictions."""
