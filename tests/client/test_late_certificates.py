"""TLS contexts that read the system's certificates only when they are first used."""

import ssl
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from asyncgen.client.late_certificates import late_certificates

AUTHORITY = """\
-----BEGIN CERTIFICATE-----
MIIBfjCCASWgAwIBAgIUapAq6zZczDnP6VplRZAq5mfNrhgwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJYXV0aG9yaXR5MCAXDTI2MTEyNzAxMDc0OVoYDzIxMjYxMTAz
MDEwNzQ5WjAUMRIwEAYDVQQDDAlhdXRob3JpdHkwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQC90g07R+sB7zMZnvnKluWjKJhasX4PYsU6GKmJXqaTBFfVAg86yvb
vojsjAUdQX2vKdJvjelacnierJdryp0No1MwUTAdBgNVHQ4EFgQUK4SdnGbh9OOC
kz85F7XG6KQqyv4wHwYDVR0jBBgwFoAUK4SdnGbh9OOCkz85F7XG6KQqyv4wDwYD
VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNHADBEAiAxlVQxPOtnHq6UtnCU1uDT
XcSsn9XbbRS8n+jryLPIUgIgMi7K9R62bT8A/VEChC+hEtqlh6HBr8YYSbp18x9F
N5Y=
-----END CERTIFICATE-----
"""
"""A certificate made for this test, whose key nobody has."""
AT_IMPORT = """
from asyncgen.client.late_certificates import late_certificates
with late_certificates():
    import aiohttp.connector
print(aiohttp.connector._SSL_CONTEXT_VERIFIED.cert_store_stats()["x509"])
"""


@pytest.fixture
def one_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system trusts one authority."""
    path = tmp_path / "authority.pem"
    path.write_text(AUTHORITY)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))


@pytest.mark.usefixtures("one_certificate")
def test_certificates_are_read_when_a_context_is_first_used() -> None:
    """Not when it is made; and what it does is what it always does."""
    with late_certificates():
        context = ssl.create_default_context()
    assert context.cert_store_stats()["x509"] == 0

    for _ in range(2):
        connection = context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="example.org")

        assert connection.context is context
        assert context.cert_store_stats()["x509"] == 1


@pytest.mark.usefixtures("one_certificate")
def test_contexts_made_elsewhere_read_them_at_once() -> None:
    """Nothing is left behind."""
    with late_certificates():
        pass

    assert ssl.create_default_context().cert_store_stats()["x509"] == 1


@pytest.mark.usefixtures("one_certificate")
def test_runs_in_several_threads_begin_at_once() -> None:
    """Each opens its connections in such a block; one waits for the other."""
    both = threading.Barrier(2)

    def begin(number: int) -> int:
        if number:
            both.wait()
        with late_certificates():
            if not number:
                both.wait()
            return ssl.create_default_context().cert_store_stats()["x509"]

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(begin, range(2))) == [0, 0]
    assert ssl.create_default_context().cert_store_stats()["x509"] == 1


@pytest.mark.usefixtures("one_certificate")
def test_aiohttp_is_imported_without_reading_them() -> None:
    """Its contexts are those that cost the time."""
    found = subprocess.run([sys.executable, "-c", AT_IMPORT], check=True, capture_output=True, text=True)

    assert found.stdout.split() == ["0"]
