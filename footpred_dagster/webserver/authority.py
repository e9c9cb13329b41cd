"""Host names with ports, as browsers write them into the headers Host and Origin."""

from __future__ import annotations

import re
from dataclasses import dataclass

DEFAULT_PORTS = {"http": 80, "https": 443}
_AUTHORITY = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_-])?)\.?(?::(?P<port>[0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class Authority:
    """``host`` is in lower case, without the dot of a fully qualified name, an IPv6 address in brackets; ``port`` is
    None where none is written."""

    host: str
    port: int | None = None

    @classmethod
    def parse(cls, text: str) -> Authority:
        """Raises ValueError for anything but host or host:port."""
        parts = _AUTHORITY.fullmatch(text.strip().lower())
        if parts is None:
            raise ValueError(f"{text!r} is not a host or host:port")
        return cls(parts["host"], int(parts["port"]) if parts["port"] else None)

    @classmethod
    def of_address(cls, address: str) -> Authority:
        """Of an IP address without port, IPv6 without brackets."""
        return cls(f"[{address.lower()}]" if ":" in address else address)

    def at(self, scheme: str) -> Authority:
        """With the port that ``scheme`` means where none is written."""
        return self if self.port else Authority(self.host, DEFAULT_PORTS[scheme])


def parse_origin(text: str) -> tuple[str, Authority]:
    """Scheme and authority of an Origin header; raises ValueError for ``null`` and anything but http and https."""
    scheme, separator, authority = text.strip().partition("://")
    if not separator or scheme not in DEFAULT_PORTS:
        raise ValueError(f"{text!r} is not the origin of a web page")
    return scheme, Authority.parse(authority).at(scheme)
