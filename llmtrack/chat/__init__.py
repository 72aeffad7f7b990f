"""What the chat page stands on: models to choose, answers in flight, conversations kept, costs told beforehand.

The front doors, each imported from its own module so that a first page loads only what it shows:

* ``catalog.get_catalog() -> Catalog``: the providers and their models, with limits and what each can take.
  ``catalog.find("openai/gpt-4o")`` also takes names the list lacks; a `Model` with ``needs`` set cannot be chosen yet.
* ``replies.start(Prompt(model, (Said("user", text, files), …), parameters, user_id, session_id, trace_id)) -> Reply``
  (`Prompt`, `Said`, `File`, `Parameters` in ``prompt``): one answer in flight on llmtrack's own loop. A page tails it:
  ``seen = reply.wait_change(seen, timeout)`` returns a revision number; then read ``reply.text``, ``.reasoning``,
  ``.status`` (waiting, streaming, then ok, incomplete, empty, cancelled or error), ``.error`` (words for a user),
  ``.seconds``, ``.first_token_seconds``; ``reply.done`` (an Event) is set when its row is written, ``reply.cancel()``
  returns at once. ``replies.shutdown(timeout)`` at the server's end.
* ``conversations.Conversations(ledger, user_id)``: this user's conversations and nobody else's:
  ``list(search)``, ``open(id) -> Conversation``, ``send(…) -> Turn`` (a message stored and its `Reply` started),
  ``edit``, ``regenerate``, ``retry``, ``go_on``, ``choose`` (walk branches), ``compare``, ``reply_to(message_id)``,
  ``rename``, ``pin``, ``archive``, ``delete``, ``restore``, ``judge`` (feedback), ``figures`` (tokens, cost, seconds).
* ``quotes.quote(conversation, model, draft) -> Quote``: what the next message will cost before it is typed.
* ``transfer``: Markdown and JSON out, JSON and ChatGPT's export in.

Errors meant for the user are `wording.ChatError`: one sentence that names the value and the way out.
"""
