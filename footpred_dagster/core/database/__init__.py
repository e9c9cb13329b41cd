"""Connections to PostgreSQL, the embedded server, roles, and the tables that Python writes; see ``migrations`` too.

May import ``settings`` and ``environment``. Queries are beside what they are about.
"""
