"""Prompts and answers of the sample data."""

from __future__ import annotations

TEXTS: dict[str, tuple[tuple[str, str], ...]] = {
    "chat": (
        (
            "Draft a polite reminder for an invoice that is ten days late.",
            "Dear Ms Okafor, this is a friendly reminder that invoice 2041 was due on the 3rd. Could you let us know when we may expect the payment?",
        ),
        (
            "What is the difference between a list and a tuple in Python?",
            "A list can change after it was made, a tuple cannot. Use a tuple for a fixed record, a list for a growing collection.",
        ),
        ("Translate into German: the meeting moves to Thursday.", "Die Besprechung wird auf Donnerstag verschoben."),
        ("Give me three names for a small bakery by the sea.", "Salt and Crumb, The Tide Oven, Harbour Loaf."),
        (
            "Explain compound interest to a twelve-year-old.",
            "You earn interest on your savings, and next year you earn interest on that interest as well, so the pile grows faster every year.",
        ),
        (
            "Plan a two-day trip to Lisbon without a car.",
            "Day one: Alfama on foot, tram 28, the castle at sunset. Day two: train to Sintra, back by seven for fado.",
        ),
    ),
    "support": (
        (
            "My parcel says delivered but it is not here.",
            "I am sorry about that. The courier left it with a neighbour at number 14; if they do not have it, I will send a replacement today.",
        ),
        (
            "How do I change the e-mail address of my account?",
            "Open Settings, then Profile, and choose Change e-mail. We will send a link to the new address to confirm it.",
        ),
        (
            "Can I return shoes I have worn once?",
            "Yes, within 30 days, if they were only worn indoors. The return label is in your order history.",
        ),
    ),
    "code-review": (
        (
            "Review this change to the retry logic.",
            "Two things: the delay is never capped, and a cancelled task is retried. Cap it at 30 seconds and re-raise on cancellation.",
        ),
        (
            "Is this SQL safe?",
            "No: the table name comes from the query string. Use a fixed mapping from the parameter to the table.",
        ),
    ),
    "research": (
        (
            "Which towns near the new line grew fastest since 2015?",
            "Of the eleven towns, three grew by more than a quarter; all three lie within ten minutes of a station.",
        ),
        (
            "Compare the three proposals for the heat network.",
            "Proposal B is cheapest over twenty years, A has the lowest first cost, C depends on a permit that is not granted yet.",
        ),
    ),
    "summary": (
        (
            "Summarise yesterday's support conversations.",
            "Most questions were about late parcels in the north. Two customers reported the same broken link in the returns page.",
        ),
    ),
    "triage": (
        ("Which queue: refund not received after two weeks", "billing"),
        ("Which queue: app closes when I open the map", "mobile"),
    ),
}
"""Questions and answers by feature."""

SYSTEM = {
    "support": "You answer customers of a mail-order shop, briefly and kindly, from the articles given.",
    "code-review": "You review changes to a Python service. Say what is wrong and how to mend it.",
}
"""Instructions that go before every question of a feature."""

TOOL = ("search_library", {"query": "population by town"}, "11 towns found")
"""What a research step looks up between two calls."""

COMMENTS = ("Exactly what I needed.", "Wrong city.", "Too long.", "Great, thanks!", "It made that up.")
