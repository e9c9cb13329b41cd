"""Candidates, their evaluation, and the champion."""
