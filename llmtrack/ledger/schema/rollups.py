"""Totals kept beside the rows, written in the row's own transaction, so that no question's cost grows with the calls.

Every rollup is one table: a slot of time, some dimensions, and the same measures (`Measures`). Read the one with the
fewest rows that has the dimensions asked for:

===================  ==========  =======================================================================================
table                slot        dimensions (in the order of its key)
===================  ==========  =======================================================================================
rollup_quarter       15 minutes  slot, *plain*                    cuts an hour where a zone is off by :15, :30 or :45
rollup_hour          hour        slot, *plain*
rollup_day           UTC day     slot, *plain*
rollup_feature_hour  hour        slot, feature, *plain*, error
rollup_feature_day   UTC day     slot, feature, *plain*, error
rollup_group_hour    hour        group, slot, feature, *plain*, error                   of sealed days only
rollup_group_day     UTC day     group, slot, feature, *plain*, error
rollup_user_hour     hour        user, slot, group, feature, *plain*, error             of sealed days only
rollup_user_day      UTC day     user, slot, group, feature, *plain*, error
rollup_day_user      UTC day     slot, user, simulated            + the quarter-hours of the day with a generation
rollup_seen          UTC month   slot, provider, model, feature, group, user: the days of the month, no measures
===================  ==========  =======================================================================================

*plain* = provider, model, operation, status, cost_status. Together they give without further columns: messages
(chat generations that were billed: `row_measures.MESSAGE`), errors, and simulated cost (``cost_status`` = simulated)
kept apart.

Slots count from 1970 UTC: ``slot = microseconds // length``. Dimensions are ids of `name` and `app_user`, 0 for none,
so that a key is never NULL. A range in any zone is: whole UTC days from a day table, the hours left over from an hour
table, the quarters left over from `rollup_quarter`, and what is not a multiple of 15 minutes from rows (an id range of
`generation`). What has no quarter table reads the quarters from rows too; a user's through the index on (user, time).
Somebody makes a call or two in an hour, so that the hours of users and groups would be nearly as many as the rows: they
are read from rows, and written to `rollup_user_hour` and `rollup_group_hour` when a day's rows are deleted. Where the
larger part of a slot is asked for, the slot is read whole and the rows of its other part are taken away again.

Distinct users over a range: the rows of `rollup_day_user`, where a UTC day is cut by its `quarters_am` and
`quarters_pm` bits (bit n of am = quarter-hour n of the day, n < 48; of pm = quarter-hour 48 + n). Distinct users of a
model, feature or group are counted from `rollup_seen`, for whole days (bit n = day n + 1 of the month; its slot is
``year * 12 + month - 1``; what is pending is not in it: `rollup_user_day` tells who waits, on the days that have any).

Sketches (`histogram`) of duration, time to first token and cost are blobs in ``sketch_…`` tables: by hour and by UTC
day over *plain*, and by UTC day for each feature and each group over *plain*. A user's percentiles are read from rows.
`CUBES` and `SKETCHES` tell all this to programs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import LargeBinary, PrimaryKeyConstraint
from sqlmodel import Field, SQLModel

from llmtrack.ledger.schema import billing_tables, limit_tables, people_tables, tables
from llmtrack.ledger.schema.columns import NO_ROWID, given, total
from llmtrack.statuses import CostStatus

QUARTER, HOUR, DAY = 900_000_000, 3_600_000_000, 86_400_000_000
"""Lengths of slots in microseconds."""


def _keyed(*columns: str) -> tuple[Any, ...]:
    """A table stored in the order of this key, which is not the order the columns are declared in."""
    return PrimaryKeyConstraint(*columns), NO_ROWID


class PlainKey(SQLModel):
    """The dimensions every rollup and every sketch has."""

    provider: int = given()
    model: int = given()
    operation: int = given()
    status: int = given()
    cost_status: int = given()


PLAIN = tuple(PlainKey.model_fields)


class Measures(SQLModel):
    """What is summed: costs and tokens as far as known. The counts of unknown ones say how much that leaves out."""

    generations: int = total()
    input_unknown: int = total()
    """Generations whose input tokens nobody reported."""
    output_unknown: int = total()
    unpriced: int = total()
    """May have cost something and nobody knows what (`row_measures.UNPRICED`)."""
    usage_missing: int = total()
    """Those of them that are unpriced for want of usage rather than of a price."""
    input_tokens: int = total()
    output_tokens: int = total()
    cache_read_tokens: int = total()
    cache_write_tokens: int = total()
    cache_write_1h_tokens: int = total()
    reasoning_tokens: int = total()
    input_audio_tokens: int = total()
    output_audio_tokens: int = total()
    input_image_tokens: int = total()
    output_image_tokens: int = total()
    web_searches: int = total()
    cost: int = total()
    input_cost: int = total()
    cache_read_cost: int = total()
    cache_write_cost: int = total()
    output_cost: int = total()
    reasoning_cost: int = total()
    audio_cost: int = total()
    image_cost: int = total()
    request_cost: int = total()
    tool_cost: int = total()
    duration: int = total()
    """Sum of known durations, in microseconds."""
    timed: int = total()
    """Generations whose duration is known."""
    time_to_first_token: int = total()
    first_tokens: int = total()
    """Generations whose time to first token is known."""
    speed_tokens: int = total()
    """Output tokens of generations that ended well and whose writing time (`speed_time`) is known."""
    speed_time: int = total()
    """Their duration less the time to first token (where there is one), in microseconds."""


class Plain(PlainKey, Measures):
    """A rollup with all measures."""


class RollupQuarter(Plain, table=True):
    """Totals by quarter of an hour."""

    __tablename__ = "rollup_quarter"
    __table_args__ = _keyed("slot", *PLAIN)
    slot: int = given()


class RollupHour(Plain, table=True):
    """Totals by hour."""

    __tablename__ = "rollup_hour"
    __table_args__ = _keyed("slot", *PLAIN)
    slot: int = given()


class RollupDay(Plain, table=True):
    """Totals by UTC day."""

    __tablename__ = "rollup_day"
    __table_args__ = _keyed("slot", *PLAIN)
    slot: int = given()


class RollupFeatureHour(Plain, table=True):
    """Totals by hour and feature."""

    __tablename__ = "rollup_feature_hour"
    __table_args__ = _keyed("slot", "feature", *PLAIN, "error_type")
    slot: int = given()
    feature: int = given()
    error_type: int = given()


class RollupFeatureDay(Plain, table=True):
    """Totals by UTC day and feature."""

    __tablename__ = "rollup_feature_day"
    __table_args__ = _keyed("slot", "feature", *PLAIN, "error_type")
    slot: int = given()
    feature: int = given()
    error_type: int = given()


class RollupGroupHour(Plain, table=True):
    """Totals by group, then hour, of the days whose rows are gone."""

    __tablename__ = "rollup_group_hour"
    __table_args__ = _keyed("group_name", "slot", "feature", *PLAIN, "error_type")
    group_name: int = given()
    slot: int = given()
    feature: int = given()
    error_type: int = given()


class RollupGroupDay(Plain, table=True):
    """Totals by group, then UTC day."""

    __tablename__ = "rollup_group_day"
    __table_args__ = _keyed("group_name", "slot", "feature", *PLAIN, "error_type")
    group_name: int = given()
    slot: int = given()
    feature: int = given()
    error_type: int = given()


class RollupUserHour(Plain, table=True):
    """Totals by user, then hour, of the days whose rows are gone."""

    __tablename__ = "rollup_user_hour"
    __table_args__ = _keyed("app_user", "slot", "group_name", "feature", *PLAIN, "error_type")
    app_user: int = given()
    slot: int = given()
    group_name: int = given()
    feature: int = given()
    error_type: int = given()


class RollupUserDay(Plain, table=True):
    """Totals by user, then UTC day."""

    __tablename__ = "rollup_user_day"
    __table_args__ = _keyed("app_user", "slot", "group_name", "feature", *PLAIN, "error_type")
    app_user: int = given()
    slot: int = given()
    group_name: int = given()
    feature: int = given()
    error_type: int = given()


class RollupDayUser(SQLModel, table=True):
    """Totals by UTC day, then user: who were the users, and what did each cost."""

    __tablename__ = "rollup_day_user"
    __table_args__ = _keyed("slot", "app_user", "simulated")
    slot: int = given()
    app_user: int = given()
    simulated: int = given()
    """Whose cost is no spending: 1 for generations of the demo provider, 2 for those that a subscription paid for."""
    generations: int = total()
    messages: int = total()
    errors: int = total()
    unpriced: int = total()
    input_tokens: int = total()
    output_tokens: int = total()
    cost: int = total()
    quarters_am: int = total()
    """Bit n: a generation was sent in quarter-hour n of the day (UTC), n from 0 to 47."""
    quarters_pm: int = total()
    """Bit n: one was sent in quarter-hour 48 + n."""


class RollupSeen(SQLModel, table=True):
    """Who used what on which days: one bit a day, for counting distinct users."""

    __tablename__ = "rollup_seen"
    __table_args__ = _keyed("slot", "provider", "model", "feature", "group_name", "app_user")
    slot: int = given()
    """``year * 12 + month - 1`` (UTC)."""
    provider: int = given()
    model: int = given()
    feature: int = given()
    group_name: int = given()
    app_user: int = given()
    days: int = total()
    """Bit n: day n + 1 of the month."""


class Sketches(PlainKey):
    """Distributions over the same generations as the rollup of the same key; NULL where nothing was known."""

    duration: bytes | None = Field(default=None, sa_type=LargeBinary)
    """Microseconds."""
    time_to_first_token: bytes | None = Field(default=None, sa_type=LargeBinary)
    """Microseconds."""
    cost: bytes | None = Field(default=None, sa_type=LargeBinary)
    """Nano-dollars."""


class SketchHour(Sketches, table=True):
    """Distributions by hour."""

    __tablename__ = "sketch_hour"
    __table_args__ = _keyed("slot", *PLAIN)
    slot: int = given()


class SketchDay(Sketches, table=True):
    """Distributions by UTC day."""

    __tablename__ = "sketch_day"
    __table_args__ = _keyed("slot", *PLAIN)
    slot: int = given()


class SketchFeatureDay(Sketches, table=True):
    """Distributions by UTC day and feature."""

    __tablename__ = "sketch_feature_day"
    __table_args__ = _keyed("slot", "feature", *PLAIN)
    slot: int = given()
    feature: int = given()


class SketchGroupDay(Sketches, table=True):
    """Distributions by group, then UTC day."""

    __tablename__ = "sketch_group_day"
    __table_args__ = _keyed("group_name", "slot", *PLAIN)
    group_name: int = given()
    slot: int = given()


@dataclass(frozen=True, slots=True)
class Rollup:
    """How one table of totals (or sketches) is keyed."""

    table: str
    length: int
    """Of its slots, in microseconds."""
    key: tuple[str, ...]
    """Columns of its primary key, in order; ``slot`` among them."""
    sealed_only: bool = False
    """Whether it holds only days before the end of the last sealed one: of later days the rows tell the same."""


def _rollup(model: type[SQLModel], length: int, *, sealed_only: bool = False) -> Rollup:
    table = SQLModel.metadata.tables[str(model.__tablename__)]
    return Rollup(table.name, length, tuple(column.name for column in table.primary_key.columns), sealed_only)


CUBES = (
    _rollup(RollupQuarter, QUARTER),
    _rollup(RollupHour, HOUR),
    _rollup(RollupDay, DAY),
    _rollup(RollupFeatureHour, HOUR),
    _rollup(RollupFeatureDay, DAY),
    _rollup(RollupGroupHour, HOUR, sealed_only=True),
    _rollup(RollupGroupDay, DAY),
    _rollup(RollupUserHour, HOUR, sealed_only=True),
    _rollup(RollupUserDay, DAY),
)
"""The rollups with all measures."""
DAY_USER = _rollup(RollupDayUser, DAY)
"""Its measures are fewer, and generations whose cost nobody pays are kept apart by a column of its key."""
KEPT_APART = {CostStatus.SIMULATED.value: 1, CostStatus.API_EQUIVALENT.value: 2}
"""What that column says of a cost's status; of all others 0."""
SEEN = _rollup(RollupSeen, 0)
"""Its slots are months, which differ in length."""
SKETCHES = (
    _rollup(SketchHour, HOUR),
    _rollup(SketchDay, DAY),
    _rollup(SketchFeatureDay, DAY),
    _rollup(SketchGroupDay, DAY),
)
MEASURES = tuple(Measures.model_fields)
SKETCHED = tuple(name for name in Sketches.model_fields if name not in PLAIN)
"""What the sketches are distributions of: columns of `generation`, and of the sketch tables."""
DAY_USER_MEASURES = tuple(name for name in RollupDayUser.model_fields if name not in DAY_USER.key)
TABLES = tuple(
    {
        **tables.Name.metadata.tables,
        **people_tables.Person.metadata.tables,
        **billing_tables.Statement.metadata.tables,
        **limit_tables.UsageLimit.metadata.tables,
    }
)
"""All tables of the ledger, those of `tables` included."""
