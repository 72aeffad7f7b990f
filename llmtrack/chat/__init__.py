"""What the chat page needs: models to choose, answers in flight, stored conversations, costs before they arise.

Each room has one door, whose names are loaded when they are first used:

* ``models``: ``get_catalog() -> Catalog``, the providers and their models with limits and capabilities.
  ``catalog.find("openai/gpt-4o")`` also takes names that no list has; a `Model` with ``needs`` set cannot be chosen
  yet. ``price_of(model, pricer_for(ledger))`` is in US dollars per million tokens. A provider is one entry of
  ``models/providers.py``.
* ``conversations``: ``Conversations(ledger, user_id)``, this user's conversations and nobody else's. Reading:
  ``list(search, archived)``, ``in_folders``, ``open(id, head)``, ``file``, ``thumbnails``, ``figures`` (tokens, cost,
  time and judgement by message), ``total``. Asking: ``send``, ``compare``, ``edit``, ``regenerate`` (also the way to
  retry), ``go_on``, each of which returns a `Turn` with the `Reply` that was started. Changing: ``choose`` (another
  branch), ``configure``, ``rename``, ``pin``, ``move``, ``archive``, ``delete``, ``restore``, ``judge``.
  ``reply_to(message_id)`` is the answer in flight behind a message. ``keep`` puts a temporary one among the others;
  ``folder_files`` are those of this user's folders (``list``, ``add``, ``remove``, ``delete``), which go with every
  message of the conversations in them (``files_beside``); ``fit`` says which of them a model is sent.
  ``share``, ``share_links``, ``withdraw_link``, ``open_shared``, ``take_over_shared`` are about links for others here.
  ``to_markdown``, ``to_json``, ``to_archive`` and ``import_file`` (our JSON; the exports of ChatGPT, Claude, Open
  WebUI, LibreChat).
* ``answers``: ``start(Prompt(…)) -> Reply`` asks without a conversation. A `Reply` is one answer on llmtrack's own
  event loop. ``seen = reply.wait_change(seen, timeout)`` returns a revision number; then read ``text``, ``reasoning``,
  ``status`` (waiting, streaming, then ok, incomplete, empty, cancelled or error), ``error`` (a sentence for the user),
  ``seconds``, ``first_token_seconds``. ``done`` (an Event) is set when its row is written, ``cancel()`` returns at
  once. ``shutdown(timeout)`` is for the end of the server.
* ``demo``: the simulated provider, which needs no key.

And the modules beside them:

* ``model_switch.model_switch(branch, figures)``: how much dearer an answer is since another model was chosen.
* ``cost_estimate.quote(conversation, model, pricer, draft=…, files=…, figures=…, catalog=…) -> Quote``: what the next
  message will cost before it is typed, which part of it is history, and ``cheaper_models``' ways to pay less;
  ``token_estimate`` counts its tokens.
* ``preferences.Preferences(ledger, user_id)``: ``favourites``, ``star``, ``first_model``, ``begin_with``, ``presets``,
  ``save_preset``, ``rename_preset``, ``remove_preset``, ``restore_preset``; ``favourites_first(catalog, favourites)``.
* ``startup.after_start()``: once after the start, in the background.

Errors meant for the user are `error_messages.ChatError`: one sentence that names the value and the way out.
"""
