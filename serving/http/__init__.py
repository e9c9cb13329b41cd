"""HTTP whatever the endpoint: protocol and its limits, problem details, negotiation, pages, the OpenAPI document.

May import ``schemas``, ``metrics`` and ``logs``. Endpoints are in ``controllers``.
"""
