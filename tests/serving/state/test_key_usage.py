"""Uses of keys that several workers record at once."""

from __future__ import annotations

import threading

from footpred_dagster.core import api_keys
from serving.state.key_usage import Uses

KEYS, ROUNDS = 100, 15


def test_workers_that_saw_keys_in_different_orders_record_them_without_a_deadlock(world):
    identities = [world.new_key()[0] for _ in range(KEYS)]
    start, errors = threading.Barrier(2), []

    def record(order: list[str]) -> None:
        uses = Uses()
        with world.connect() as connection:
            for _ in range(ROUNDS):
                for identity in order:
                    uses.add(identity, refused=False)
                start.wait(30)
                try:
                    uses.refresh(connection)
                except Exception as error:
                    errors.append(error)

    threads = [threading.Thread(target=record, args=(order,)) for order in (identities, identities[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    with world.connect() as connection:
        used = api_keys.last_uses(connection)
    assert {used[identity][1] for identity in identities} == {2 * ROUNDS}
