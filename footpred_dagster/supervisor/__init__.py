"""``footpred up``: the processes it starts, watches and ends, and their ports.

May import ``core``. Where the services of a home can be reached is read by ``core.services``.
"""
