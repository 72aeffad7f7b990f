"""Any question of the vocabulary, lists page by page, and prices: `/api/metrics`, `/api/generations`, …"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Query

from llmtrack.ledger import lists, open_ledger
from llmtrack.ledger.lists import Page
from llmtrack.ledger.metrics import Cancel, Filter, QueryResult, ask
from llmtrack.ledger.periods import from_micros, to_micros
from llmtrack.serving.api import models
from llmtrack.serving.api.caller import Caller, Reader
from llmtrack.serving.api.questions import GenerationQuery, ListQuery, MetricsQuery, PriceQuery, UserQuery
from llmtrack.serving.api.threads import in_thread
from llmtrack.serving.identity import Kind
from llmtrack.settings import get_settings

router = APIRouter(tags=["questions"])


@router.get("/api/metrics")
async def metrics(caller: Reader, query: Annotated[MetricsQuery, Query()]) -> models.Metrics:
    """The answer to any question, in the words of `llmtrack ask`: metrics by dimensions, under filters."""
    where = caller.narrowed(Kind.NUMBERS, query.filters())
    return await in_thread(lambda cancel: result_of(answer(query, where, cancel)))


def answer(query: MetricsQuery, where: list[Filter], cancel: Cancel | None) -> QueryResult:
    """The result of a question, of which `where` holds what the caller may see."""
    return ask(
        open_ledger(), query.metric, query.by, since=query.since, until=query.until, timezone=query.timezone,
        anchor_day=query.anchor_day, where=where, order=query.order, limit=query.limit, fill=query.fill,
        top=query.top, cancel=cancel,
    )  # fmt: skip


@router.get("/api/generations")
async def generations(caller: Reader, query: Annotated[GenerationQuery, Query()]) -> models.GenerationPage:
    """A page of single requests to models, without their texts; the latest first."""
    page = await _page(caller, Kind.TEXTS, query, lists.generations, search=query.search)
    return models.GenerationPage(data=[models.Generation.of(row) for row in page], **_rest(page))


@router.get("/api/traces")
async def traces(caller: Reader, query: Annotated[ListQuery, Query()]) -> models.TracePage:
    """A page of interactions, each with all calls made for it; the latest first."""
    page = await _page(caller, Kind.TEXTS, query, lists.traces)
    return models.TracePage(data=[models.Trace.of(row) for row in page], **_rest(page))


@router.get("/api/sessions")
async def sessions(caller: Reader, query: Annotated[ListQuery, Query()]) -> models.SessionPage:
    """A page of conversations; the latest first."""
    page = await _page(caller, Kind.TEXTS, query, lists.sessions)
    return models.SessionPage(data=[models.Session.of(row) for row in page], **_rest(page))


@router.get("/api/users")
async def users(caller: Reader, query: Annotated[UserQuery, Query()]) -> models.UserPage:
    """A page of users with what they used in the time; the dearest first."""
    page = await _page(caller, Kind.NUMBERS, query, lists.users)
    return models.UserPage(data=[models.User.of(row) for row in page], **_rest(page))


async def _page(caller: Caller, kind: Kind, query: ListQuery, read: Callable[..., Page[Any]], **more: Any) -> Page[Any]:
    where = caller.narrowed(kind, query.filters())
    return await in_thread(
        lambda cancel: read(
            open_ledger(), since=query.since, until=query.until, timezone=query.timezone or get_settings().timezone,
            where=where, order=query.order, after=query.after, limit=query.limit, cancel=cancel, **more,
        )
    )  # fmt: skip


def _rest(page: Page[Any]) -> dict[str, Any]:
    return {"after": page.after, "complete": page.complete}


@router.get("/api/prices")
async def prices(caller: Reader, query: Annotated[PriceQuery, Query()]) -> models.Prices:
    """What a model costs at a moment, by class of token, and where that is from."""
    return await in_thread(lambda _: prices_of(query))


def prices_of(query: PriceQuery) -> models.Prices:
    """The prices of a model."""
    from llmtrack.pricing import Pricer, in_words
    from llmtrack.pricing.classes import unit

    at = time.time_ns() // 1_000 if query.at is None else to_micros(_aware(query.at))
    pricer = Pricer(open_ledger().book()[1])
    quote = pricer.quote(query.provider, query.model, query.tier, at=at, region=query.region)
    rates = [
        models.Rates(
            above=band.above,
            rates={name: Decimal(rate) for name, rate in band.price.rates.items()},
            units={name: unit(name) for name in band.price.rates},
            source=band.price.source,
            version=band.price.version,
            price_model=band.price.model,
            tier=band.price.tier,
            adjustment=band.price.adjustment,
        )
        for band in quote.bands
    ]
    return models.Prices(
        provider=query.provider,
        model=query.model,
        at=from_micros(at),
        rates=rates,
        reason=None if quote.reason is None else in_words(quote.reason),
        estimate=None if quote.doubt is None else in_words(quote.doubt),
    )


def _aware(at: datetime) -> datetime:
    """A time without a zone is read on the clocks of the settings."""
    from llmtrack.ledger.periods import zone

    return at if at.tzinfo else at.replace(tzinfo=zone(get_settings().timezone))


def result_of(result: QueryResult) -> models.Metrics:
    """A query's result as the API answers with it."""
    return models.Metrics(
        rows=[{name: _value(value) for name, value in row.items()} for row in result],
        totals={name: _value(value) for name, value in result.totals.items()},
        units=dict(result.units),
        by=list(result.by),
        period=None if result.period is None else models.Period(start=result.period.since, end=result.period.until),
        timezone=result.timezone,
        cut=result.cut,
        top=list(result.top),
        warnings=list(result.warnings),
        explain=result.explain,
    )


def _value(value: object) -> models.Value:
    if isinstance(value, Decimal):
        return models.plain(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return value if isinstance(value, str | int | float) or value is None else str(value)
