"""Requests of unknown callers begin in turns."""

from __future__ import annotations

import asyncio

from serving.http.flow import begin_in_turn


def test_between_the_requests_of_two_strangers_another_has_a_turn():
    order: list[str] = []
    loop = asyncio.new_event_loop()

    def stranger(name: str) -> None:
        order.append(name)
        loop.call_soon(order.append, f"after {name}")

    for name in ("first", "second", "third"):
        begin_in_turn(loop, lambda name=name: stranger(name))  # type: ignore[misc]
    loop.call_later(0.05, loop.stop)
    loop.run_forever()
    loop.close()
    assert [name for name in order if not name.startswith("after")] == ["first", "second", "third"]
    assert order.index("after first") < order.index("third")


def test_one_that_fails_does_not_hold_up_the_next():
    order: list[str] = []
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: order.append("failed"))
    begin_in_turn(loop, lambda: [][0])
    begin_in_turn(loop, lambda: order.append("next"))
    loop.call_later(0.05, loop.stop)
    loop.run_forever()
    loop.close()
    assert order == ["failed", "next"]
