"""Where the chain of sealed predictions ends: who keeps this can tell later whether anything before it was changed."""

from __future__ import annotations

from typing import Any

from litestar import Request, get
from litestar.openapi import ResponseSpec

from serving.authentication import needs
from serving.http.errors import RETRY_LATER, Problem
from serving.http.negotiation import accepted
from serving.http.openapi import SECURITY, problems
from serving.http.request_context import call_of
from serving.schemas.predictions import LedgerHead
from serving.service import Service


@get(
    "/predict/ledger",
    middleware=needs("read"),
    responses={
        200: ResponseSpec(LedgerHead, generate_examples=False, description="The end of the chain."),
        **problems(),
    },
    security=SECURITY,
    tags=["predictions"],
    operation_id="get_ledger_head",
)
async def get_ledger_head(request: Request[Any, Any, Any]) -> LedgerHead:
    """How many predictions are sealed, and the hash of the last: an anchor for `footpred ledger export`'s verifier."""
    accepted(request.headers.get("accept"))
    service: Service = call_of(request.scope).service
    head = service.snapshot.head
    if head is None:
        raise Problem("database-unavailable", "the ledger was not read yet", headers=RETRY_LATER)
    return LedgerHead(head.rows, head.hash, service.age.stale)
