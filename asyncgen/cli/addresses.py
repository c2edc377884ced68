"""The addresses that receive requests, as printed before the first one."""

from asyncgen.address import place_of
from asyncgen.client.proxies import proxy_of
from asyncgen.config import EndpointConfig, RunConfig


def shown_address(endpoint: EndpointConfig) -> str:
    """The address without secrets, and its proxy.

    Raises:
        UsageError: the proxy cannot be used.
    """
    proxy = proxy_of(endpoint.base_url)
    through = "" if proxy is None else f" through {proxy}"
    name = f" (endpoint {endpoint.name})" if endpoint.name else ""
    return f"{place_of(endpoint.base_url)}{name}{through}"


def address_lines(config: RunConfig) -> list[str]:
    """A line for each endpoint."""
    return [f"Address: {shown_address(endpoint)}" for endpoint in config.endpoints]
