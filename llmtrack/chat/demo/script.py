"""The texts of the simulated models: useful to a newcomer, always the same for the same request."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

_HELLO = """\
**llmtrack** records every call your programs and this chat make to a language model: who made it, which model \
answered, how many tokens it took, what it cost, how long it took, and how it ended.

- Look at the line under this answer: model, tokens in and out, cost, seconds, time to the first token. The cost is \
marked *simulated* and is never added to real money.
- Open **Usage** for your billing cycle so far, and **Models** for everyone's, by model.
- Choose `demo-rate-limited`, `demo-overloaded`, `demo-drops` or `demo-empty` as the model to see what failures look \
like; press Stop while I write to see a cancelled call.
- Set `OPENAI_API_KEY` or `ANTHROPIC_API_KEY` to talk to real models.

Ask me for `code`, a `table`, some `math` or a `long` answer to see how they are shown."""

_CODE = """\
Two changed characters in an import, and every call of a program is recorded:

```python
from llmtrack.openai import OpenAI  # instead of: from openai import OpenAI

client = OpenAI()
answer = client.chat.completions.create(
    model="gpt-4o-mini",
    messages=[{"role": "user", "content": "Say hello"}],
)
print(answer.choices[0].message.content)
```

Who is calling is told once, for everything inside:

```python
import llmtrack

with llmtrack.context(user_id="alice", feature="summary"):
    ...
```"""

_TABLE = """\
What a row of the ledger tells about a call:

| Column | Example | Meaning |
|:--|--:|:--|
| `input_tokens` | 1,204 | all input, cached tokens included |
| `output_tokens` | 310 | all output, reasoning included |
| `cost` | $0.006110 | as priced at the time of the call |
| `time_to_first_token` | 0.42 s | until the first output of any kind |
| `status` | `ok` | or `error`, `cancelled`, `abandoned`, `incomplete`, `refused` |"""

_MATH = """\
The cost of a call is the tokens of each kind times their price:

$$
\\text{cost} = \\frac{n_{\\text{in}} \\cdot p_{\\text{in}} + n_{\\text{cached}} \\cdot p_{\\text{cached}} \
+ n_{\\text{out}} \\cdot p_{\\text{out}}}{10^6}
$$

With $n_{\\text{in}} = 1000$ at \\$2.50 and $n_{\\text{out}} = 200$ at \\$10.00 per million tokens that is \
$\\frac{1000 \\cdot 2.5 + 200 \\cdot 10}{10^6} = 0.0045$ dollars."""

_SENTENCES = (
    "A history grows with every turn, and all of it is sent again each time.",
    "That is why a long conversation costs more per message than a short one.",
    "Cached input is cheaper than fresh input, where the provider offers it.",
    "Output tokens are dearer than input tokens, often by a factor of four or five.",
    "A stopped answer is billed for what was written until then.",
    "A failed call that was retried appears as one row, with its number of attempts.",
    "An average hides what a percentile shows: one slow call in twenty.",
    "Unknown prices stay unknown here; they are never counted as zero.",
)
_TOPICS = (
    (re.compile(r"\b(code|python|program|function|snippet)\b", re.I), _CODE),
    (re.compile(r"\b(tables?|columns?)\b", re.I), _TABLE),
    (re.compile(r"\b(math|formulas?|equations?|latex)\b", re.I), _MATH),
)
_LONG = re.compile(r"\b(long|essay|(?P<number>\d{1,3}(?:,\d{3})|\d{2,5})[ -]?(?P<unit>words?|tokens?))\b", re.I)
_LONGEST = 8_000  # tokens, about
_TOKENS_PER_SENTENCE = 20


def reasoning(request: Mapping[str, Any]) -> str:
    """What a simulated model that thinks shows of its thoughts."""
    question = _shorten(_text(_last_user(request.get("messages") or [])), 120)
    return (
        f"The user writes “{question}”. I am a simulation, so I know this only as text: no model reads it. "
        "I look for the words code, table, math or long, and otherwise explain what llmtrack is. "
        "These thoughts are counted as reasoning tokens, which are part of the output tokens."
    )


def answer(request: Mapping[str, Any], *, brief: bool = False) -> str:
    """The text answered to a request in either dialect."""
    messages = [message for message in request.get("messages") or [] if isinstance(message, Mapping)]
    last = _last_user(messages)
    question = _text(last)
    opening = [f"You wrote: “{_shorten(question, 200)}”" if question else "You sent no text."]
    turn = sum(1 for message in messages if message.get("role") == "user")
    if turn > 1:
        opening.append(f"That is your message number {turn} here, and all {len(messages)} messages so far were sent.")
    if files := _files(last):
        opening.append(f"I received {files}; a simulation cannot look inside.")
    if system := _system(request, messages):
        opening.append(f"Your system prompt says: “{_shorten(system, 120)}”")
    body = "This is a simulated answer." if brief else "This is a simulated answer: no model was asked."
    paragraphs = [" ".join(opening), body]
    topics = [text for pattern, text in _TOPICS if pattern.search(question)]
    if (long := _LONG.search(question)) is not None:
        paragraphs.append(_essay(long))
    elif topics:
        paragraphs.extend(topics)
    elif not brief:
        paragraphs.append(_HELLO)
    return "\n\n".join(paragraphs)


def _essay(wanted: re.Match[str]) -> str:
    number = int((wanted["number"] or "600").replace(",", ""))
    tokens = min(number * 5 // 3 if (wanted["unit"] or "").lower().startswith("word") else number, _LONGEST)
    sentences = [_SENTENCES[n % len(_SENTENCES)] for n in range(max(1, tokens // _TOKENS_PER_SENTENCE))]
    paragraphs = [" ".join(sentences[at : at + 5]) for at in range(0, len(sentences), 5)]
    return "\n\n".join(
        f"### Part {at // 4 + 1}\n\n{text}" if at % 4 == 0 else text for at, text in enumerate(paragraphs)
    )


def _last_user(messages: Sequence[Any]) -> Mapping[str, Any]:
    users = [message for message in messages if isinstance(message, Mapping) and message.get("role") == "user"]
    return users[-1] if users else {}


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n".join(str(part.get("text", "")) for part in parts if isinstance(part, Mapping) and "text" in part)


def _files(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    kinds = (
        [str(part.get("type")) for part in content if isinstance(part, Mapping)] if isinstance(content, list) else []
    )
    images = sum(kind in ("image", "image_url") for kind in kinds)
    documents = sum(kind in ("document", "file") for kind in kinds)
    counts = [
        f"{number} {word}{'s' if number > 1 else ''}"
        for number, word in ((images, "image"), (documents, "document"))
        if number
    ]
    return " and ".join(counts)


def _system(request: Mapping[str, Any], messages: Sequence[Mapping[str, Any]]) -> str:
    system = request.get("system")
    if isinstance(system, str):
        return system
    return next((_text(message) for message in messages if message.get("role") in ("system", "developer")), "")


def _shorten(text: str, limit: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
