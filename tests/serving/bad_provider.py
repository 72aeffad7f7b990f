"""An identity provider on 127.0.0.1 that says whatever a test has it say, and signs it with whatever key."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID = "llmtrack"


@dataclass
class BadProvider:
    """What the provider answers next."""

    issuer: str
    claims: dict[str, Any] = field(default_factory=dict)
    """What differs from a good ID token; None leaves a claim out."""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, parameters={"kid": "1"}))
    signing_key: RSAKey | None = None
    """Another key than the one it publishes."""
    algorithm: str = "RS256"

    def metadata(self) -> dict[str, Any]:
        """Its discovery document."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }

    def token(self) -> dict[str, Any]:
        """The answer of its token endpoint."""
        now = int(time.time())
        good = {"iss": self.issuer, "sub": "alice", "aud": CLIENT_ID, "iat": now, "exp": now + 600}
        mail = {"email": "alice@firm.test", "email_verified": True, "name": "Alice"}
        claims = {name: value for name, value in {**good, **mail, **self.claims}.items() if value is not None}
        if self.algorithm == "none":
            id_token = _unsigned(claims)
        else:
            id_token = jwt.encode({"alg": "RS256", "kid": "1"}, claims, self.signing_key or self.key)
        return {"access_token": "a", "token_type": "Bearer", "expires_in": 600, "id_token": id_token}


def _unsigned(claims: dict[str, Any]) -> str:
    from base64 import urlsafe_b64encode

    parts = [urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in ({"alg": "none"}, claims)]
    return f"{parts[0]}.{parts[1]}."


@contextmanager
def bad_provider() -> Iterator[BadProvider]:
    """The provider while it runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answers = {
                "/.well-known/openid-configuration": provider.metadata,
                "/jwks": lambda: {"keys": [provider.key.as_dict(private=False)]},
            }
            self._answer(answers[self.path]())

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(provider.token())

        def _answer(self, document: dict[str, Any]) -> None:
            body = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider = BadProvider(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
