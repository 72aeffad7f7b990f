"""What the chat page stands on: models to choose, answers in flight, conversations kept, costs told beforehand.

The front doors, each imported from its own module so that a first page loads only what it shows:

* ``catalog.get_catalog() -> Catalog``: the providers and their models, with limits and what each can take.
  ``catalog.find("openai/gpt-4o")`` also takes names the list lacks; a `Model` with ``needs`` set cannot be chosen yet.
* ``conversations.Conversations(ledger, user_id)``: this user's conversations and nobody else's.
  Finding: ``list(search, archived)``, ``open(id, head)``, ``file``, ``thumbnails``, ``figures`` (tokens, cost, time and
  judgement by message), ``total``. Asking: ``send``, ``compare``, ``edit``, ``regenerate`` (also the way to retry),
  ``go_on``, each giving a `Turn` with the `Reply` that was started. Order: ``choose`` (walk branches), ``configure``,
  ``rename``, ``pin``, ``archive``, ``delete``, ``restore``, ``judge``. ``conversations.reply_to(message_id)``.
* ``replies.Reply``: one answer in flight on llmtrack's own loop. ``seen = reply.wait_change(seen, timeout)`` returns a
  revision number; then read ``text``, ``reasoning``, ``status`` (waiting, streaming, then ok, incomplete, empty,
  cancelled or error), ``error`` (words for a user), ``seconds``, ``first_token_seconds``. ``done`` (an Event) is set
  when its row is written, ``cancel()`` returns at once. ``replies.shutdown(timeout)`` at the server's end;
  ``replies.start(Prompt(…))`` asks without a conversation.
* ``prices.price_of(model, prices.pricer_for(ledger))``: dollars per million tokens, for the list of models.
* ``quotes.quote(conversation, model, pricer, draft=…, files=…, figures=…, catalog=…) -> Quote``: what the next message
  will cost before it is typed, which part of it is history, and cheaper ways; ``quotes.deviation(quoted, actual)``.
* ``preferences.Preferences(ledger, user_id)``: ``favourites``, ``star``, ``first_model``, ``begin_with``, ``presets``,
  ``save_preset``, ``remove_preset``; ``preferences.favourites_first(catalog, favourites)``.
* ``transfer.to_markdown``, ``to_json`` and ``read`` (our JSON; the exports of ChatGPT, Claude, Open WebUI, LibreChat).
* ``warmup.after_start()``: once after the start, in the background.

Errors meant for the user are `wording.ChatError`: one sentence that names the value and the way out.
"""
