from tests.support.code_location import definitions, instance, own_archive, own_warehouse

__all__ = ["definitions", "instance", "own_archive", "own_warehouse"]
