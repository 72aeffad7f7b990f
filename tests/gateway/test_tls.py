"""Providers over TLS, as they all are: trusted by the same authorities as in the SDKs, and by no others."""

from __future__ import annotations

import datetime
import ipaddress
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from llmtrack.serving.gateway import application, client
from llmtrack.settings import get_settings
from tests.gateway.conftest import Running, raw, serving
from tests.provider import Provider

MESSAGE = b'{"model":"claude-haiku-4-5","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}'
STREAMED = b'{"stream":true,' + MESSAGE[1:]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The files of a certificate for this machine, which is its own authority, and of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("certificate")
    files = folder / "certificate.pem", folder / "key.pem"
    pem = serialization.Encoding.PEM
    files[0].write_bytes(made.public_bytes(pem))
    plain = serialization.NoEncryption()
    files[1].write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    return files


@pytest.fixture
def secure(certificate: tuple[Path, Path]) -> Iterator[Provider]:
    """A provider over TLS."""
    provider = Provider(ssl_certfile=certificate[0], ssl_keyfile=certificate[1])
    yield provider
    provider.stop()


@pytest.fixture
def running(secure: Provider, clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """A gateway in front of it."""
    monkeypatch.setenv("ANTHROPIC_BASE_URL", secure.anthropic_url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-test")
    get_settings.cache_clear()
    client.tls.cache_clear()
    with serving(application()) as running:
        yield running
    get_settings.cache_clear()
    client.tls.cache_clear()


@pytest.mark.slow
@pytest.mark.parametrize("body", [MESSAGE, STREAMED])
def test_an_authority_that_the_environment_names_is_trusted_and_answers_are_equal(
    secure: Provider, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest, body: bytes,
) -> None:  # fmt: skip
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    running = request.getfixturevalue("running")
    headers = {"content-type": "application/json", "x-api-key": running.token}
    answers = [raw(running.url, "POST", "/anthropic/v1/messages", headers, body) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 200]
    assert len({answer.body for answer in answers}) == 1
    assert (b"message_stop" in answers[0].body) == (body is STREAMED)
    assert secure.last.content == body
    assert secure.last.headers["x-api-key"] == "sk-ant-test"
    assert [(row.output_tokens, row.cost_status) for row in running.rows(3)] == [(20, "exact")] * 3


def test_any_other_is_not_and_nothing_is_sent(running: Running, secure: Provider) -> None:
    headers = {"content-type": "application/json", "x-api-key": running.token}
    answer = raw(running.url, "POST", "/anthropic/v1/messages", headers, MESSAGE)
    assert answer.status == 502
    assert "CERTIFICATE_VERIFY_FAILED" in json.loads(answer.body)["error"]["message"]
    assert secure.requests == []
    row = running.row()
    assert (row.status, row.error_type, row.attempts) == ("error", "connection", 0)
