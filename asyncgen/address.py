"""Server addresses: which of them are this machine, which are Azure's, and their names in fingerprints.

A request meant for this machine must not leave it, so every spelling that the system resolves to it is recognised.
"""

import re
import unicodedata
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from socket import getaddrinfo, gethostname, inet_aton
from urllib.parse import SplitResult, urlsplit, urlunsplit

_NAMES = {"localhost", "localhost.localdomain", "localhost4", "localhost6", "ip6-localhost", "ip6-loopback"}
_NUMERIC = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)(?:\.(?:0x[0-9a-f]*|[0-9]+)){0,3}", re.ASCII)
_IN_NO_HOST = re.compile(r"[$*{}<>|=,;!()]")
_QUERY_VALUE = re.compile(r"([?&](?![^=&#]*version=)[^=&#]*=)[^&#]+", re.IGNORECASE)
_AZURE = (".openai.azure.com", ".openai.azure.us", ".cognitiveservices.azure.com", ".services.ai.azure.com")


def is_loopback(url: str) -> bool:
    """Whether a URL points at this machine."""
    return is_this_machine(urlsplit(url).hostname or "")


def is_this_machine(host: str) -> bool:
    """Whether a host is this machine: a loopback address or name in any spelling, or its own name on loopback."""
    host = _plain(host)
    if host in _NAMES or host.endswith(".localhost"):
        return True
    address = _numeric(host)
    return _is_local(address) if address is not None else _is_own_name(host)


def is_local_name(host: str) -> bool:
    """Whether a host is this machine by a reserved name, without asking a resolver."""
    host = _plain(host)
    return host in _NAMES or host.endswith(".localhost")


def is_valid_host(host: str) -> bool:
    """Whether a host is an address, or a name that a resolver can be asked for."""
    if "." in host and _NUMERIC.fullmatch(host) and _numeric(host) is None:
        return False  # a typing error in an IPv4 address
    if _IN_NO_HOST.search(host):
        return False  # a placeholder that nobody has filled in
    try:
        if host.isascii():
            host.rstrip(".").encode("idna")  # no label is empty or too long
        else:
            from idna import encode  # noqa: PLC0415 - rarely needed; it refuses what the codec lets through

            encode(host)
    except UnicodeError:
        return False
    return True


def canonical(url: str) -> str:
    """The URL, with an IPv4 host as four decimal numbers: not every library accepts all that connect() does."""
    parts = urlsplit(url)
    address = _numeric(_plain(parts.hostname or ""))
    if not isinstance(address, IPv4Address):
        return url
    return urlunsplit(parts._replace(netloc=f"{address}:{parts.port}" if parts.port else str(address)))


def is_azure(url: str) -> bool:
    """Whether a URL is an Azure resource, or has the query of one: there the key is sent as `api-key`."""
    parts = urlsplit(url)
    return (parts.hostname or "").endswith(_AZURE) or "api-version=" in parts.query


def lacks_api_version(url: str) -> bool:
    """Whether a URL of Azure has neither the version of a classic address nor the path of a newer one."""
    parts = urlsplit(url)
    classic = is_azure(url) or "/openai/deployments/" in parts.path
    return classic and "api-version=" not in parts.query and "/openai/v1" not in parts.path


def place_of(url: str) -> str:
    """Scheme, host, port and path of a URL: the parts that are safe to show."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"


def without_secrets(url: str) -> str:
    """The URL as it may be shown in a command: the query's values are `…`, except those of versions."""
    return _QUERY_VALUE.sub(r"\1…", url)


def host_and_port(parts: SplitResult) -> str:
    """Host and port of a URL, where a connection goes to; without a port the usual one, an IPv6 host in brackets.

    Raises:
        ValueError: the port is no number of one.
    """
    host = parts.hostname or ""
    return f"{f'[{host}]' if ':' in host else host}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def _plain(host: str) -> str:
    return unicodedata.normalize("NFKC", host).strip("[]").rstrip(".").casefold()


def _numeric(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        pass
    if not _NUMERIC.fullmatch(host):
        return None
    try:
        return IPv4Address(inet_aton(host))  # 127.1, 0x7f000001, 2130706433: connect() accepts them
    except OSError:
        return None


def _is_local(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_loopback or address.is_unspecified  # connecting to 0.0.0.0 or :: reaches this machine


@cache
def _is_own_name(host: str) -> bool:
    own = gethostname().casefold()
    if not host or host not in {own, own.partition(".")[0]}:
        return False
    try:
        found = {str(entry[4][0]) for entry in getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return False
    return all(_is_local(ip_address(address.partition("%")[0])) for address in found)


def endpoint_name(url: str) -> str:
    """The endpoint's identity in the fingerprint: host and path; on loopback the port is left out."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    if _begins_as_loopback(parts.hostname or ""):
        return f"loopback{path}"
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.hostname}{port}{path}"


def _begins_as_loopback(host: str) -> bool:
    """Whether fingerprints call the host loopback: only these spellings, so that older directories still match."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
