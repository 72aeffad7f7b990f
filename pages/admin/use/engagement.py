"""Who comes back: active, new and lost users, retention, when they work, what sets the most engaged apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from statistics import mean, median
from typing import Any, Literal

import streamlit as st

from llmtrack.ledger import engagement
from llmtrack.ledger.periods import days, zone
from llmtrack.ledger.query import Filter, stored_keys
from pages.components import card, empty_states, filters, formatting, links, long_query, queries, tables, tiles
from pages.components.charts import colours, spread
from pages.components.conditions import dimension_name
from pages.components.engagement import people_card, score_table, side_by_side, triangle, users_chart, who
from pages.components.tables import Column
from pages.components.usage import heat
from pages.components.viewer import require_admin, require_numbers

PER = {"week": "Week", "day": "Day", "month": "Month"}
GROUPS = {"calls": "By calls", "new": "By first use"}
TITLES = {
    "calls": ("Most against least engaged", "upper and lower tenth by calls"),
    "new": ("New against earlier users", "whether their first call lies in this time"),
}
TENTH = 10
FEWEST_TO_SPLIT = 20
"""Users there have to be for an upper and a lower tenth of them."""
MOST_VALUES = 12
CALLS, SECONDS = (5, 20, 100, 300), (3, 6, 10)
"""Where users are parted, by calls and by the mean time of an answer."""
FEWEST_TO_SAY = 5
HELP_STICKINESS = "How many of a week's users came on an average day of it: mean daily over mean weekly users."


def read(about: str, work: Any) -> Any:
    """What a reading of the ledger gives; where many rows have to be read, the page says so first."""
    key = (about, span.first, span.last, view.where)

    def bounded(freely: bool, cancel: Any) -> Any:
        return work(max_rows=None if freely else queries.MAX_ROWS, cancel=cancel)

    return long_query.read(key, bounded)


def draw_tiles() -> None:
    """How many use it, how many of those there are, how often, how much."""
    counts = engagement.activity(presence)
    whole = counts[:-1] if running and len(counts) > 1 else counts
    last, before = whole[-1], whole[-2] if len(whole) > 1 else None
    which = f"Active last {per}" if whole is not counts else f"Active this {per}"
    people = engagement.known_people(queries.ledger())
    active = set(calls)
    share = "how many people there are is unknown"
    if people:
        used = len(active & people.users)
        share = f"{formatting.count(used)} of {formatting.counted(people.count, 'known person', 'known people')}, "
        share += formatting.percent(used, people.count)
    each = sorted(calls.values())
    tiles.draw(
        [
            tiles.changed(
                which, formatting.count(last.active), last.active, before.active if before else None,
                was=f"{formatting.count(before.active)} the {per} before" if before else "", better="more",
                trend=[float(one.active) for one in whole], href=people_card.address(f"active:{len(whole) - 1}"),
                help=f"{formatting.counted(counts[-1].active, 'user')} so far in the running one." if running else None,
            ),
            tiles.Tile(
                f"Active in {formatting.counted(span.days, 'day')}", formatting.count(len(active)), remark=share,
                href=links.address("users"),
                help="Known people are those that identify and signing in told of.",
            ),
            tiles.Tile(
                "Stickiness", formatting.percent(daily / weekly if weekly else None), help=HELP_STICKINESS,
                remark=f"{daily:.1f} users a day of {weekly:.1f} a week",
            ),
            tiles.Tile(
                "Calls per user, median", f"{median(each):,.0f}" if each else formatting.UNKNOWN,
                remark=f"mean {mean(each):,.0f}, in this time" if each else "", href=links.address("users"),
            ),
        ]
    )  # fmt: skip


def draw_users() -> None:
    """Returning, new and lost users of each period."""
    bars = [
        users_chart.Bar(place, kind, number or 0, people_card.address(f"{kind}:{place}"))
        for place, one in enumerate(engagement.activity(presence))
        for kind, number in (("returning", one.returning), ("new", one.new), ("lost", one.lost))
        if not (running and kind == "lost" and place == len(presence.periods) - 1)  # there is time left to come
    ]
    choice = card.Choice("Per", "per", PER)
    with card.card(f"Users per {per}", choices=(choice,), stretch=True):
        users_chart.draw(bars, span.axis(per), per=per, alt_text=f"Returning, new and lost users per {per}, {span}")


def draw_calls() -> None:
    """How calls are spread over users."""
    bins = []
    for low, high in who.BINS:
        users = sum(n >= low and (high is None or n <= high) for n in calls.values())
        bins.append(spread.Bin(who.bin_name(low, high), users, people_card.address(f"calls:{low}")))
    while len(bins) > 4 and not bins[-1].count:
        bins.pop()
    with card.card("Calls per user", "users, by number of calls in this time", stretch=True):
        spread.histogram(bins, title="Users", alt_text=f"Calls per user, {span}", x_title="Calls")


def draw_retention() -> None:
    """The triangle."""
    with card.card("Retention", f"share of a {per}'s new users who used it again in the {per}s after"):
        if not any(cohort.users for cohort in cohorts):
            st.caption("Nobody was new in this time: choose a longer one, or one that holds the beginning.")
            return
        triangle.draw(
            cohorts, per=per, today=span.last, running=running, alt_text=f"Retention by {per}, {span}",
            href=lambda place, later: people_card.address(f"back:{place}:{later}"),
        )  # fmt: skip
        if running:
            empty_states.note(f"Hatched: the running {per}, which is not over and not in the last row.")


def draw_when() -> None:
    """Calls by hour and weekday, on the clocks of the settings' zone."""
    with card.card("When", f"calls by hour and weekday, {span.timezone}"):
        answer = queries.ask(["generations"], span, by=["weekday", "hour_of_day"], where=view.where, fill=False)
        cells = Counter({(row["weekday"] - 1, row["hour_of_day"]): row["generations"] for row in answer.rows})

        def opens(weekday: int, hour: int) -> str:
            return links.calls(Filter("weekday", (weekday + 1,)), Filter("hour_of_day", (hour,)))

        st.html(f"{heat.heat_map(cells, '', noun='call', href=opens)}{heat.STYLE}")


def groups_of(kind: str) -> tuple[str, list[int], str, list[int]] | str:
    """Two groups of users with what they are called, or why there are none."""
    if kind == "new":
        new = [user for user, bits in presence.users.items() if not bits & 1 and user in calls]
        earlier = [user for user, bits in presence.users.items() if bits & 1 and user in calls]
        if not new or not earlier:
            return "Everybody in this time was new." if new else "Nobody in this time was new."
        return "New", new, "Earlier", earlier
    ranked = sorted(calls, key=lambda user: (-calls[user], user))
    if len(ranked) < FEWEST_TO_SPLIT:
        return f"{formatting.counted(len(ranked), 'user')}: a tenth of them takes {FEWEST_TO_SPLIT}."
    size = len(ranked) // TENTH
    return "Most", ranked[:size], "Least", ranked[-size:]


def draw_groups() -> None:
    """The upper against the lower tenth of the users by calls, or the new ones against those who came before."""
    choice = card.Choice("Groups", "groups", GROUPS)
    title, remark = TITLES[choice.value]
    with card.card(title, remark, choices=(choice,), more=("Compare others", links.address("compare"))):
        groups = groups_of(choice.value)
        if isinstance(groups, str):
            st.caption(groups)
            return
        name, one, other_name, other = groups
        # A question for each group, of those who are in it: the others' sums are on no page.
        first, second = (
            read(f"sums {place}", partial(engagement.sums_per_user, queries.ledger(), among=frozenset(users), **given))
            for place, users in enumerate((one, other))
        )
        rows = side_by_side.rows_of(engagement.compare(first, second))
        features = side_by_side.feature_rows(by_feature, one, other)
        side_by_side.draw(
            [*rows[:1], *features, *rows[1:]], f"{name}, {formatting.counted(len(one), 'user')}",
            f"{other_name}, {formatting.counted(len(other), 'user')}", alt_text=title,
        )  # fmt: skip


def draw_features() -> None:
    """Which features bring people back: their users by day and by week."""
    days = _mean_users("day", ["feature"])
    weeks = _mean_users("week", ["feature"])
    of_users = read("calls by feature", partial(engagement.calls_by_value, queries.ledger(), "feature", **given))
    rows: list[dict[str, Any]] = [
        {
            "feature": name or "not given", "id": name, "users": len(users), "calls": of_users[name],
            "per_user": of_users[name] / len(users), "daily": days.get(name, 0.0), "weekly": weeks.get(name, 0.0),
            "stickiness": days.get(name, 0.0) / weeks[name] if weeks.get(name) else None,
        }
        for name, users in sorted(by_feature.items(), key=lambda item: -len(item[1]))
        if users
    ]  # fmt: skip
    colour = colours.css("feature", (row["id"] or "" for row in rows))
    with card.card("By feature", "which of them bring people back", stretch=True):
        tables.table(
            rows,
            [
                Column("feature", "Feature", pinned=True, href=lambda row: links.feature(row["id"]),
                       colour=lambda row: colour.get(row["id"] or "")),
                Column("users", "Users", "count"),
                Column("per_user", "Calls per user", "number", wide_only=True),
                Column("daily", "A day", "number", wide_only=True, help="Users on an average day."),
                Column("weekly", "A week", "number", wide_only=True, help="Users in an average week."),
                Column("stickiness", "Stickiness", "share", help=HELP_STICKINESS),
            ],
            alt_text=f"Stickiness by feature, {span}",
        )  # fmt: skip


def _mean_users(grain: str, by: list[str]) -> Mapping[Any, float]:
    """Users in the mean of the whole days or weeks of the time, by feature (under None without one)."""
    slots = [slot for slot in span.axis(grain) if not slot.partial] or list(span.axis(grain))
    whole = {slot.period.start for slot in slots}
    answer = queries.ask(["users"], span, by=[grain, *by], where=view.where, fill=False)
    totals: Counter[Any] = Counter()
    for row in answer.rows:
        if int(row[grain].timestamp()) * 1_000_000 in whole:
            totals[row[by[0]] if by else None] += row["users"]
    return {name: number / len(whole) for name, number in totals.items()}


def draw_attributes() -> None:
    """Use and cost by what is known of the users: plan, revenue, team."""
    keys = [key for key in stored_keys(queries.ledger()) if key.startswith("user.")]
    if not keys:
        with card.card("By plan and revenue", stretch=True):
            st.caption('Nothing is known of the users: llmtrack.identify("alice", plan="pro", revenue=20) tells it.')
        return
    choice = card.Choice("By", "attribute", {key: dimension_name(key).removeprefix("user.") for key in keys[:4]})
    key = choice.value
    metrics = ("users", "generations_per_user", "cost", "cost_per_user", "generations", "feedback_score")
    answer = queries.ask(metrics, span, by=[key], where=view.where, fill=False, order="-users", limit=MOST_VALUES)
    rows = []
    for row in answer.rows:
        value = row[key]
        revenue = (
            engagement.within(engagement.amount_of(value) or Decimal(0), span.days) if key == "user.revenue" else None
        )
        rows.append({
            **row, "name": "not given" if value is None else str(value), "id": value,
            "liked": row["feedback_score"],
            "part": float(row["cost_per_user"] / revenue) if revenue and row["cost_per_user"] is not None else None,
        })  # fmt: skip
    columns = [
        Column("name", dimension_name(key).removeprefix("user.").capitalize(), pinned=True,
               href=lambda row: links.address("users", [Filter(key, (row["id"],))])),
        Column("users", "Users", "count"),
        Column("generations_per_user", "Calls per user", "number"),
        Column("liked", "Good answers", "share", wide_only=True, unknown="not judged"),
        Column("cost_per_user", "Cost per user", "usd"),
    ]  # fmt: skip
    if key == "user.revenue":
        columns.append(
            Column("part", "Of revenue", "share", help="Cost per user over what one brings in, in as many days.")
        )
    with card.card("By what users are", choices=(choice,), stretch=True):
        tables.table(rows, columns, alt_text=f"Users by {key}, {span}")
        if answer.cut:
            empty_states.note(f"The {MOST_VALUES} with the most users of {len(rows) + answer.cut}.")


def draw_returns() -> None:
    """Whether users came back, by how much they used it and how long they waited in the first half of the time."""
    half = span.days // 2
    if not half:
        return
    middle = days(span.first, span.first + timedelta(days=half - 1), span.timezone).until
    monthly = engagement.revenues(queries.ledger())
    left, right = st.columns(2)
    of: Literal["calls", "seconds"]
    for place, of, edges, unit, title, head in (
        (left, "calls", CALLS, "", "Use and coming back", "Calls"),
        (right, "seconds", SECONDS, " s", "Waiting and coming back", "Time of an answer"),
    ):
        with place, card.card(title, "in the second half of the time, by the first", stretch=True):
            parts = read(
                f"returned {of}",
                partial(engagement.returned_by, queries.ledger(), of, edges, middle=middle, **given),
            )
            if sum(len(part.users) for part in parts) < FEWEST_TO_SAY:
                st.caption("Too few users in the first half of the time to say.")
                continue
            everyone = sum(part.back for part in parts) / sum(len(part.users) for part in parts)
            rows = [
                score_table.Score(_part_name(part, unit), len(part.users), part.share, middle=_revenue(part, monthly))
                for part in parts
                if part.users
            ]
            score_table.table(
                rows, everyone, title=head, counted="Users", middle="Revenue" if monthly else "", of="Came back",
                alt_text=f"{title}, {span}",
            )  # fmt: skip
    empty_states.note("What goes together need not be cause and effect; the grey line is everyone."
                      f"{' Revenue: mean of a user, a month.' if monthly else ''}")  # fmt: skip


def _part_name(part: engagement.Returned, unit: str) -> str:
    if part.low is None:
        return f"under {part.high:g}{unit}"
    return f"from {part.low:g}{unit}" if part.high is None else f"{part.low:g} \N{EN DASH} {part.high:g}{unit}"


def _revenue(part: engagement.Returned, monthly: Mapping[str, Decimal]) -> str:
    """What a user brings in, in the mean of those of whom it is known."""
    names = [one.user for one in engagement.people_behind(queries.ledger(), part.users)]
    amounts = [monthly[name] for name in names if name in monthly]
    return formatting.usd(sum(amounts, Decimal(0)) / len(amounts)) if amounts else formatting.UNKNOWN


require_admin()
view = filters.head("Engagement", "engagement")
require_numbers(view.where)
span = view.span
per = card.Choice("Per", "per", PER).value
if per == "day" and span.days > engagement.MOST_PERIODS:
    per = "week"
given: dict[str, Any] = {
    "since": span.period.since, "until": span.period.until, "timezone": span.timezone, "where": view.where,
}  # fmt: skip
card.sub(view.in_words, "Use of language models only: somebody who works without them looks lost here.")
with st.skeleton(height=420):
    presence = read("presence", partial(engagement.presence, queries.ledger(), per, **given))
    if not presence.users:
        empty_states.no_calls(span, view.where)
        st.stop()
    calls = read("calls", partial(engagement.calls_per_user, queries.ledger(), **given))
    cohorts = engagement.cohorts(presence)
    by_feature = read("features", partial(engagement.users_by_value, queries.ledger(), "feature", **given))
    daily = _mean_users("day", []).get(None, 0.0)
    weekly = _mean_users("week", []).get(None, 0.0)
    running = presence.periods[-1].until > datetime.now(zone(span.timezone)).astimezone(UTC)
    draw_tiles()
    for sentence in presence.warnings:
        empty_states.note(sentence)

if name := st.query_params.get(people_card.WHO):
    those = who.find(name, presence, cohorts, calls, per)
    if those:
        people_card.draw(those.title, those.users, calls)
left, right = st.columns([3, 2])
with left:
    draw_users()
with right:
    draw_calls()
draw_retention()
draw_when()
draw_groups()
draw_returns()
left, right = st.columns(2)
with left:
    draw_features()
with right:
    draw_attributes()
if "rows" in presence.read:
    empty_states.note(f"Read from {presence.read}.")
