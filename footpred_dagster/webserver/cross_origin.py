"""ASGI middleware that refuses what a page of another site can make a browser send.

Dagster checks neither Host nor Origin and executes mutations sent by GET, so an image on any page would be enough to
stop a sensor, and DNS rebinding to read everything. A request without Origin comes from no page and passes: curl,
Dagster's own clients, health checks.
"""

from __future__ import annotations

from collections.abc import Iterable

from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse
from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from footpred_dagster.webserver.authority import Authority, parse_origin

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
READS = frozenset({"GET", "HEAD", "OPTIONS"})
OWN_SITE = frozenset({"same-origin", "none"})
"""Sec-Fetch-Site of a request that Dagster's pages, or the user alone, caused."""


class CrossOriginProtection:
    """Passes to ``app`` what may reach it.

    - Host, and X-Forwarded-Host if a proxy sets it, must be a loopback name, the address at which the connection
      arrived, or one of ``hosts``, under which browsers reach a proxy in front: those with a port at that port only.
      Otherwise 403.
    - Whatever is not a read, and a websocket, must come from this server's own pages. Otherwise 403.
    - A read must not carry a GraphQL mutation, otherwise 405, nor a query that does not parse, otherwise 400.

    No page of another origin may frame a response: clicks in a frame are requests of the framed page itself.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[Authority] = ()) -> None:
        self._app, self._hosts = app, frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
        elif reason := self._foreign(scope):
            await PlainTextResponse(reason, 403)(scope, receive, send)
        elif scope["type"] == "http" and scope["method"] != "POST" and (refusal := _refused_query(scope)):
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, _unframed(send))

    def _foreign(self, scope: Scope) -> str | None:
        """Why the request is refused as another site's, or None."""
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1:
            return "A request names exactly one Host."
        forwarded = [host for line in headers.getlist("x-forwarded-host") for host in line.split(",")]
        for host in (*hosts, *forwarded):
            if not self._is_ours(host, scope):
                return (
                    f"Dagster is not served under the host {host!r}. "
                    "FOOTPRED_DAGSTER_HOSTS names the hosts of a proxy in front of it."
                )
        if scope["type"] == "http" and scope["method"] in READS:
            return None
        for origin in headers.getlist("origin"):
            if not self._is_own_page(origin, Authority.parse(hosts[0])):
                return f"A page of {origin!r} may not change Dagster."
        if not OWN_SITE.issuperset(headers.getlist("sec-fetch-site")):
            return "A page of another site may not change Dagster."
        return None

    def _is_ours(self, text: str, scope: Scope) -> bool:
        try:
            authority = Authority.parse(text)
        except ValueError:
            return False
        own = LOOPBACK | ({Authority.of_address(scope["server"][0]).host} if scope.get("server") else set())
        return authority.host in own or not self._hosts.isdisjoint({authority, Authority(authority.host)})

    def _is_own_page(self, text: str, host: Authority) -> bool:
        try:
            scheme, origin = parse_origin(text)
        except ValueError:
            return False
        return origin in {authority.at(scheme) for authority in (host, *self._hosts)}


def _refused_query(scope: Scope) -> PlainTextResponse | None:
    """For a request that is no POST; None if it only reads.

    A query that does not parse is refused too: one nested too deeply for the stack here may parse in Dagster's thread.
    """
    if "graphql" not in scope["path"]:  # Dagster's route is /graphql, below a prefix if it has one
        return None
    for query in QueryParams(scope["query_string"]).getlist("query"):
        try:
            definitions = parse(query, no_location=True).definitions
        except GraphQLError as error:
            return PlainTextResponse(str(error), 400)
        operations = [each for each in definitions if isinstance(each, OperationDefinitionNode)]
        if any(each.operation == OperationType.MUTATION for each in operations):
            reason = "A mutation is sent by POST: a page of any site can make a browser send a GET."
            return PlainTextResponse(reason, 405, {"Allow": "POST"})
    return None


def _unframed(send: Send) -> Send:
    async def add_header(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["X-Frame-Options"] = "SAMEORIGIN"
        await send(message)

    return add_header
