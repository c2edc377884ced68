"""The certificates to trust: the system's, or those that the environment names."""

import os
import ssl
from pathlib import Path

import httpx2

from asyncgen.errors import KeyOrQuotaError

_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_OF_OTHERS = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")  # what other programs read


def unread_variable() -> str | None:
    """The variable that names certificates for other programs alone; None: there is none, or one for this one."""
    if any(os.environ.get(variable) for variable in _VARIABLES):
        return None
    return next((variable for variable in _OF_OTHERS if os.environ.get(variable)), None)


def trusted() -> ssl.SSLContext:
    """A TLS context that trusts them.

    Raises:
        KeyOrQuotaError: a variable names a missing file, or one without certificates.
    """
    # The first one counts alone; a directory may be several, of which OpenSSL leaves out those that are not there.
    variable = next((variable for variable in _VARIABLES if os.environ.get(variable)), "")
    path = os.environ.get(variable, "")
    places = path.split(os.pathsep) if variable == "SSL_CERT_DIR" else [path]
    if variable and not any(Path(place).exists() for place in places):
        raise KeyOrQuotaError(
            f"{variable} names {path}, which is not there: correct it, or unset it for the system's own "
            "certificates"
        )
    try:
        return httpx2.create_ssl_context()
    except OSError as error:  # ssl.SSLError is one
        what = f"{variable} ({path})" if variable else "the system"
        raise KeyOrQuotaError(
            f"the certificates of {what} cannot be read: {error.strerror or 'no PEM'}"
        ) from error
