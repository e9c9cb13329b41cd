"""What a worker of the service keeps in memory, refreshed by threads while tables change.

May import ``queue``, ``http``, ``schemas`` and what is below. It is put together in ``service``.
"""
