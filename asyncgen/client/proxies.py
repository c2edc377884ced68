"""The proxy of the environment through which a server is asked; none for this machine.

`HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` work as in curl, in lower case too; `NO_PROXY` takes what
other clients take besides: networks, names that begin with a star, IPv6 addresses in brackets.
"""

import re
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from urllib.parse import unquote, urlsplit

from asyncgen.address import host_and_port, is_this_machine, is_valid_host
from asyncgen.errors import UsageError


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy: `url` may hold a password, `place` is host and port, `variable` is where the user has set it."""

    url: str = field(repr=False)
    place: str
    variable: str

    def __str__(self) -> str:
        return f"the proxy {self.place} ({self.variable})"


def proxy_of(url: str) -> Proxy | None:
    """The proxy for an address, or None.

    Raises:
        UsageError: it is not an HTTP proxy.
    """
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415 - brings http and email: not for --help

    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_this_machine(host) or proxy_bypass(f"{host}:{parts.port}" if parts.port else host):
        return None
    proxies = getproxies()
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if any(_covers(entry, host.rstrip("."), port) for entry in re.split(r"[,\s]+", proxies.get("no", ""))):
        return None
    scheme = parts.scheme if proxies.get(parts.scheme) else "all"
    found = proxies.get(scheme)
    if not found:
        return None
    variable = f"{scheme.upper()}_PROXY"
    if "://" not in found:
        found = f"http://{found}"
    try:
        proxy = urlsplit(found)
        place = host_and_port(proxy)
    except ValueError:
        raise UsageError(f"{variable} is not an address: set it to http://host:port, or unset it") from None
    if proxy.scheme.startswith("socks"):
        raise UsageError(
            f"{variable} is a SOCKS proxy ({place}), which is not supported: set it to an HTTP proxy "
            f"(http://host:port), or add {host} to NO_PROXY"
        )
    if proxy.scheme not in {"http", "https"} or not proxy.hostname or not is_valid_host(proxy.hostname):
        raise UsageError(f"{variable} is not an address of an HTTP proxy: set it to http://host:port, or unset it")
    try:
        unquote(f"{proxy.username}:{proxy.password}").encode("latin-1")
    except UnicodeEncodeError:
        raise UsageError(
            f"{variable} holds a name or password for {place} with characters beyond Latin-1, which cannot be sent"
        ) from None
    return Proxy(found, place, variable)


def _covers(entry: str, host: str, port: int) -> bool:
    """Whether an entry of `NO_PROXY` is for a server; proxy_bypass knows only ends of names."""
    name, _, digits = entry.casefold().rpartition(":")
    if digits.isdecimal() and name and (":" not in name or name.endswith("]")):
        if int(digits) != port:
            return False
    else:
        name = entry.casefold()
    name = name.replace("[", "").replace("]", "")
    try:
        return ip_address(host.partition("%")[0]) in ip_network(name, strict=False)
    except ValueError:  # one of the two is a name
        end = name.removeprefix("*").strip(".")
        return name == "*" or (bool(end) and f".{host}".endswith(f".{end}"))
