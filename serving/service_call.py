"""A call of an operation: what is known of the request, and the service that answers it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serving.http.request_context import SCOPE_KEY, Call
from serving.service import Service


class ServiceCall(Call):
    __slots__ = ("service",)

    def __init__(self, service: Service, request_id: str) -> None:
        super().__init__(request_id)
        self.service = service


def call_of(scope: Mapping[str, Any]) -> ServiceCall:
    call: ServiceCall = scope[SCOPE_KEY]
    return call
