"""Which addresses belong to one site: the same host, with or without ``www.`` over https."""

from __future__ import annotations

import ipaddress

import httpx

WWW = "www."


def spellings(base: httpx.URL) -> list[httpx.URL]:
    """``base``, then the same site's other address; the second only for a host name asked over https on its own port.

    football-data.co.uk has answered on one of the two while the other redirected or answered 503.
    """
    if base.scheme != "https" or base.port is not None or "." not in base.host or is_address(base.host):
        return [base]
    other = base.host.removeprefix(WWW) if base.host.startswith(WWW) else WWW + base.host
    return [base, base.copy_with(host=other)]


def without_account(address: str) -> str:
    """``address`` as it may be shown: what stands between ``//`` and the last ``@`` left out, well-formed or not."""
    scheme, slashes, rest = address.partition("//")
    return f"{scheme}//{rest.rpartition('@')[2]}" if slashes and "@" in rest else address


def same_site(asked: httpx.URL, target: httpx.URL) -> bool:
    """Whether a redirect from ``asked`` to ``target`` stays on the site.

    Host, scheme and port are equal, but for two changes that are allowed: from http up to https on the default ports,
    and over https on the default port with ``www.`` or without. Any other host is another site, an address of this
    machine or of a private network included.
    """
    if target.userinfo:
        return False
    if asked.host == target.host:
        upgrade = asked.scheme == "http" and target.scheme == "https" and asked.port is None and target.port is None
        return upgrade or (asked.scheme, asked.port) == (target.scheme, target.port)
    return target.scheme == "https" and target.port is None and target.host in {url.host for url in spellings(asked)}


def is_address(host: str) -> bool:
    """Whether ``host`` is an IP address and no name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine by its loopback address or the name ``localhost``."""
    return ipaddress.ip_address(host).is_loopback if is_address(host) else host == "localhost"
