"""Where the chain of sealed predictions ends: who keeps this can tell later whether anything before it was changed."""

from __future__ import annotations

from typing import Any

from litestar import Request, get

from serving.controllers.operation import gives, operation
from serving.http.errors import RETRY_LATER, Problem
from serving.schemas.predictions import LedgerHead
from serving.service_call import call_of


@operation(get, "/predict/ledger", gives(LedgerHead, "The end of the chain."), scope="read", tag="predictions")
async def get_ledger_head(request: Request[Any, Any, Any]) -> LedgerHead:
    """How many predictions are sealed, and the hash of the last: an anchor for `footpred ledger export`'s verifier."""
    service = call_of(request.scope).service
    head = service.snapshot.head
    if head is None:
        raise Problem("database-unavailable", "the ledger was not read yet", headers=RETRY_LATER)
    return LedgerHead(head.rows, head.hash, service.age.stale)
