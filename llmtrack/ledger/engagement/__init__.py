"""Who comes back: active, new, returning and lost users, retention, and how calls are spread over users."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmtrack.lazy import lazy_names

if TYPE_CHECKING:
    from llmtrack.ledger.engagement.calls_by_user import calls_per_user as calls_per_user
    from llmtrack.ledger.engagement.groups import RATES as RATES
    from llmtrack.ledger.engagement.groups import Comparison as Comparison
    from llmtrack.ledger.engagement.groups import Rate as Rate
    from llmtrack.ledger.engagement.groups import UserSums as UserSums
    from llmtrack.ledger.engagement.groups import calls_by_value as calls_by_value
    from llmtrack.ledger.engagement.groups import chosen as chosen
    from llmtrack.ledger.engagement.groups import compare as compare
    from llmtrack.ledger.engagement.groups import sums_per_user as sums_per_user
    from llmtrack.ledger.engagement.groups import users_by_value as users_by_value
    from llmtrack.ledger.engagement.people import KnownPeople as KnownPeople
    from llmtrack.ledger.engagement.people import UserCalls as UserCalls
    from llmtrack.ledger.engagement.people import known_people as known_people
    from llmtrack.ledger.engagement.people import people_behind as people_behind
    from llmtrack.ledger.engagement.period_activity import Activity as Activity
    from llmtrack.ledger.engagement.period_activity import active_users as active_users
    from llmtrack.ledger.engagement.period_activity import activity as activity
    from llmtrack.ledger.engagement.period_activity import lost_users as lost_users
    from llmtrack.ledger.engagement.period_activity import new_users as new_users
    from llmtrack.ledger.engagement.period_activity import returning_users as returning_users
    from llmtrack.ledger.engagement.presence_bits import MOST_PERIODS as MOST_PERIODS
    from llmtrack.ledger.engagement.presence_bits import Presence as Presence
    from llmtrack.ledger.engagement.presence_bits import presence as presence
    from llmtrack.ledger.engagement.retention import Cohort as Cohort
    from llmtrack.ledger.engagement.retention import cohorts as cohorts
    from llmtrack.ledger.engagement.revenue import amount_of as amount_of
    from llmtrack.ledger.engagement.revenue import revenues as revenues
    from llmtrack.ledger.engagement.revenue import within as within
    from llmtrack.ledger.engagement.use_and_return import Returned as Returned
    from llmtrack.ledger.engagement.use_and_return import returned_by as returned_by

_HOMES = {
    "Comparison": "groups",
    "RATES": "groups",
    "Rate": "groups",
    "UserSums": "groups",
    "calls_by_value": "groups",
    "chosen": "groups",
    "compare": "groups",
    "sums_per_user": "groups",
    "users_by_value": "groups",
    "Activity": "period_activity",
    "Cohort": "retention",
    "KnownPeople": "people",
    "MOST_PERIODS": "presence_bits",
    "Presence": "presence_bits",
    "UserCalls": "people",
    "active_users": "period_activity",
    "amount_of": "revenue",
    "activity": "period_activity",
    "calls_per_user": "calls_by_user",
    "cohorts": "retention",
    "known_people": "people",
    "lost_users": "period_activity",
    "new_users": "period_activity",
    "people_behind": "people",
    "presence": "presence_bits",
    "Returned": "use_and_return",
    "returned_by": "use_and_return",
    "returning_users": "period_activity",
    "revenues": "revenue",
    "within": "revenue",
}

__all__ = [*_HOMES]
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
