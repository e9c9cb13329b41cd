"""What the tables must look like at four stages, as Great Expectations suites: raw, finished, future, features.

A suite is a list of statements about one table, read one line at a time: "goals lie between 0 and 20". PostgreSQL
evaluates them; rows that break one are shown with their identity in the asset check of that stage, and the whole result
as a page under FOOTPRED_HOME/data_docs. Importing a suite imports Great Expectations (over 4 s), so only a check that
runs does.
"""
