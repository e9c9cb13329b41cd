"""Pieces that several pages are made of.

May import ``view``, ``charts``, ``data`` and ``html``. A page imports no other page.
"""
