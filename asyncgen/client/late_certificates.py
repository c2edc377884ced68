"""Load the system's certificates only for a TLS connection.

aiohttp makes two TLS contexts when it is imported, and each reads all certificates: a tenth of the CPU of a short
run. None of them is used here: `tls` says what to trust.
"""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_READ = "set_default_verify_paths"
_CONNECT = ("wrap_bio", "wrap_socket")
_one_at_a_time = threading.RLock()


@contextmanager
def late_certificates() -> Iterator[None]:
    """Let TLS contexts that are made in this block read the system's certificates when they are first used."""
    with _one_at_a_time:
        before = vars(ssl.SSLContext).get(_READ)
        setattr(ssl.SSLContext, _READ, _read_at_first_use)
        try:
            yield
        finally:
            if before is None:
                delattr(ssl.SSLContext, _READ)  # the inherited one is back
            else:
                setattr(ssl.SSLContext, _READ, before)


def _read_at_first_use(context: ssl.SSLContext) -> None:
    def reading(name: str) -> Callable[..., Any]:
        def connect(*args: Any, **options: Any) -> Any:
            with _one_at_a_time:
                if name in vars(context):
                    context.set_default_verify_paths()
                    for one in _CONNECT:
                        del vars(context)[one]
            return getattr(context, name)(*args, **options)

        return connect

    vars(context).update({name: reading(name) for name in _CONNECT})
