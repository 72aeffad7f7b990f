"""What looks like a key is taken out of text that others wrote: error messages, addresses, headers.

Never out of prompts and replies, which are the caller's and the model's. A key shows as its prefix and ``***``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from urllib.parse import quote

MASK = "***"
SHORTEST = 6
"""Characters of the shortest secret that is looked for by its own text: shorter ones are found in any sentence."""

_TOKEN = r"[\w*.-]{5,}[\w*-]"  # providers mask the middle of a key that they repeat, with asterisks or dots
_KEY_FORMS = (
    # Prefix, what follows it, who documents it (or whose keys are seen to have it).
    (r"sk-(?:ant-|proj-|svcacct-|admin-|or-)?+", _TOKEN),  # OpenAI, Anthropic, OpenRouter, DeepSeek, Moonshot
    (r"(?:xai|pplx|csk|nvapi|glpat)-", _TOKEN),  # xAI, Perplexity, Cerebras, NVIDIA, GitLab
    (r"(?:gsk|hf|fw|r8|vck|jina|tgp_v1)_", _TOKEN),  # Groq, Hugging Face, Fireworks, Replicate, Vercel, Jina, Together
    (r"gh[pousr]_|github_pat_", _TOKEN),  # GitHub (about authentication to GitHub: token formats)
    (r"AIza", r"[\w*-]{6,}"),  # Google Cloud (API keys)
    (r"ya29\.", _TOKEN),  # Google OAuth 2.0 access tokens
    (r"(?:AKIA|ASIA)", r"[A-Z0-9*]{8,}"),  # AWS (IAM identifiers: unique ID prefixes)
    (r"dapi", r"[0-9a-f]{24,}"),  # Databricks
    (r"eyJ", r"[\w-]{6,2000}\.[\w-]{6,}(?:\.[\w-]*)?"),  # a JSON Web Token (RFC 7519): base64url of {"
)
_KEY = re.compile("(?<![A-Za-z0-9])(?:" + "|".join(f"({prefix}){rest}" for prefix, rest in _KEY_FORMS) + ")")
# RFC 6750 and RFC 7617. What follows in a sentence ("bearer token is missing") has neither digit nor sign in it.
_SCHEME = re.compile(r"\b(Bearer|Basic)(\s+)(?=[A-Za-z]*[\d_.~+/=*-])[\w.~+/=*-]{6,}", re.IGNORECASE)

_NAME = r"[\w.-]{0,40}"  # bounded, as are the others here: an error may repeat megabytes
_SECRET_NAME = (
    rf"{_NAME}(?:key|token(?!s)|secret|passw(?:or)?d|passphrase|pwd|credential|signature|auth){_NAME}|sig|pass"
)
_NAMED = re.compile(rf"(?:{_SECRET_NAME})", re.IGNORECASE)
_PARAMETER = re.compile(rf"([?&]|&amp;|\\u0026)({_SECRET_NAME})=[^&#\s\"'<>\\]*[^&#\s\"'<>\\.,;:)\]}}]", re.IGNORECASE)
_MEMBER = re.compile(
    r"([\"'](?:x-)?(?:[\w-]{0,40}(?:api[-_]?key|access[-_]?token|secret)|authorization|password)[\"']\s*:\s*[\"'])"
    r"[^\"'\\]{6,}",
    re.IGNORECASE,
)
"""A member of JSON, or of a Python dict, that says by its name that it holds a key."""
_USER_INFO = re.compile(r"(\b[a-z][a-z0-9+.-]{0,20}://)[^\s/?#\"'<>\\]*@", re.IGNORECASE)


def mask(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` without what has a key's form, without user-info and keys in addresses, and without these `secrets`."""
    for secret_form in sorted({form for secret in secrets for form in _written(secret)}, key=len, reverse=True):
        text = text.replace(secret_form, MASK)
    text = mask_address(text)
    text = _KEY.sub(lambda match: f"{next(filter(None, match.groups()))}{MASK}", text)
    text = _SCHEME.sub(rf"\1\2{MASK}", text)
    return _MEMBER.sub(rf"\1{MASK}", text)


def mask_address(text: str) -> str:
    """An address, or text with addresses in it, without user-info and without the values of key parameters."""
    if "@" in text:
        text = _USER_INFO.sub(r"\1", text)
    return _PARAMETER.sub(rf"\1\2={MASK}", text) if "=" in text else text


def names_secret(name: str) -> bool:
    """Whether a parameter, an attribute or a header of this name holds a secret, as far as its name tells."""
    return _NAMED.fullmatch(name) is not None


def _written(secret: str) -> Iterable[str]:
    """The ways in which a secret may stand in a message: as it is, in JSON, in an address."""
    if len(secret) < SHORTEST:
        return ()
    in_json = json.dumps(secret)[1:-1]
    return secret, in_json, in_json.replace("/", "\\/"), quote(secret, safe=""), quote(secret)
