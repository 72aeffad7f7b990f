"""Ninety made-up days of calls, with the incidents of `facts` among them."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from llmtrack.ledger.records import Feedback, Generation, Identity, Record, Span
from llmtrack.sample import facts, texts
from llmtrack.sample.calls import SECOND, Calls, Place
from llmtrack.sample.cast import BY_NAME, CHAT, FEATURES, PEOPLE, RESEARCH, SONNET, Feature, Model, Person
from llmtrack.sample.facts import Burst

DAYS = 90
_MINUTE = 60 * SECOND


class Story:
    """Everything that happens up to `until`, the same for the same seed."""

    def __init__(self, until: datetime, seed: int = 1) -> None:
        self.until = until.astimezone(UTC)
        self.last_day = self.until.date()
        self._random = random.Random(seed)
        self._calls = Calls(self._random)
        self._apart = random.Random(f"{seed} apart")  # what was added later, so that the rest of a seed's story stays
        self._failures = Calls(self._apart)

    def days(self) -> Iterator[list[Record]]:
        """The records of each of the `DAYS`, the first day first; none begins after `until`."""
        end = int(self.until.timestamp() * SECOND)
        first = self.last_day - timedelta(days=DAYS - 1)
        for number in range(DAYS):
            records = [*self._introductions(first)] if number == 0 else []
            day = first + timedelta(days=number)
            records += [record for record in self._day(day) if not self._has_left(record, day)]
            records += self._last_failures(day)
            yield [record for record in records if _when(record) < end]

    def _introductions(self, first: date) -> Iterator[Record]:
        for person in PEOPLE:
            day = first
            if person.name == facts.JOINED_USER:
                day = self.last_day - timedelta(days=facts.JOINED_DAYS_AGO)
            attributes = {"plan": person.plan, "team": person.group, "revenue": facts.REVENUE[person.plan]}
            yield Identity(person.name, attributes, at=_at(day, 0))

    def _day(self, day: date) -> Iterator[Record]:
        for person in PEOPLE:
            if self._is_here(person, day):
                for feature in dict.fromkeys(person.features):
                    often = person.requests * person.features.count(feature) / len(person.features)
                    often *= feature.weekend if day.weekday() >= 5 else 1
                    for _ in range(self._poisson(often)):
                        yield from self._request(day, person, feature)
        yield from self._planted(day)

    def _is_here(self, person: Person, day: date) -> bool:
        ago = (self.last_day - day).days
        if person.name == facts.LEFT_USER:
            return ago >= facts.LEFT_DAYS_AGO
        return ago <= facts.JOINED_DAYS_AGO if person.name == facts.JOINED_USER else True

    def _has_left(self, record: Record, day: date) -> bool:
        """Whether it is of somebody who left before. Left out only here: everybody else's story stays as it is."""
        ago = (self.last_day - day).days
        return not isinstance(record, Identity) and ago < facts.LEAVERS.get(record.user_id or "", 0)

    def _last_failures(self, day: date) -> Iterator[Record]:
        """What made somebody leave: on the evening of their last day, call after call fails."""
        for name, days_ago in facts.LEAVERS.items():
            if (self.last_day - day).days == days_ago:
                for number in range(facts.LAST_FAILURES):
                    at = _at(day, 23) + number * 2 * _MINUTE
                    place = Place(BY_NAME[name], CHAT, f"{self._apart.getrandbits(128):032x}")
                    yield self._failures.failed(at, place, SONNET, "server")

    def _request(self, day: date, person: Person, feature: Feature) -> Iterator[Record]:
        """One request of a user; it may take several calls or several messages."""
        at = self._moment(day, self._random.choice(feature.hours))
        if feature.turns > 1:
            yield from self._chat(at, person, feature)
        elif feature.retrieves or feature.steps != (1, 1):
            yield from self._trace(at, person, feature)
        else:
            yield self._calls.usual(at, self._place(person, feature), self._model(feature, at))

    def _chat(self, at: int, person: Person, feature: Feature) -> Iterator[Record]:
        model = self._model(feature, at)
        session, history = f"chat-{self._hex(10)}", 0
        for _ in range(self._random.randint(1, feature.turns)):
            place = self._place(person, feature, session)
            made = self._calls.usual(at, place, model, history=history)
            yield made
            yield from self._judged(made)
            history += (made.usage.output_tokens or 0) + 60
            at += (made.duration or 0) + round(self._random.uniform(0.2, 4) * _MINUTE)

    def _trace(self, at: int, person: Person, feature: Feature) -> Iterator[Record]:
        """A request answered in steps, each timed as a span under one root."""
        place, began = self._place(person, feature), at
        root = self._calls.new_id(at)
        steps: list[Generation] = []
        if feature.retrieves:
            step = Place(person, feature, place.trace_id, span_id=self._calls.new_id(at + 1))
            steps.append(self._calls.embedding(at + 1, step))
            at += (steps[-1].duration or 0) + round(self._random.uniform(0.02, 0.08) * SECOND)
            yield self._span(step, "retrieve", root, began + 1, at)
        model = self._model(feature, at)
        for _ in range(self._random.randint(*feature.steps)):
            step = Place(person, feature, place.trace_id, None, self._calls.new_id(at), place.question)
            steps.append(self._calls.usual(at, step, model))
            begun, at = at, at + (steps[-1].duration or 0)
            yield self._span(step, "think" if feature is RESEARCH else "answer", root, begun, at, steps[-1])
            at += round(self._random.uniform(0.1, 0.6) * SECOND)
        yield from steps
        name = "answer ticket" if feature.retrieves else "research question"
        yield Span(root, place.trace_id, name, began, at - began, user_id=person.name)

    def _span(self, place: Place, name: str, root: int, began: int, ended: int, call: Generation | None = None) -> Span:
        assert place.span_id is not None
        failed = call.error_type if call is not None and call.status == "error" else None
        user = place.person.name
        return Span(place.span_id, place.trace_id, name, began, ended - began, root, user_id=user, error=failed)

    def _judged(self, made: Generation) -> Iterator[Record]:
        """Now and then feedback on an answer."""
        if made.status == "ok" and made.trace_id and self._random.random() < 0.15:
            often = facts.DISLIKED if made.request_model == facts.DISLIKED_MODEL.name else facts.LIKED
            slow = (made.duration or 0) > facts.SLOW_SECONDS * SECOND
            liked = self._random.random() < often - (facts.SLOW_PENALTY if slow else 0)
            comment = self._random.choice(texts.COMMENTS) if self._random.random() < 0.3 else None
            at = made.started_at + (made.duration or 0) + _MINUTE
            yield Feedback(made.trace_id, made.user_id, 1 if liked else -1, comment, at)

    def _planted(self, day: date) -> Iterator[Record]:
        for at, place in self._burst(facts.COST_SPIKE, day):
            tokens = facts.COST_SPIKE_INPUT_TOKENS
            yield self._calls.completed(at, place, facts.COST_SPIKE.model, input_tokens=tokens)
        for at, place in self._burst(facts.LIMIT, day):
            yield self._calls.refused(at, place, facts.LIMIT.model)
        for at, place in self._burst(facts.LATENCY_SPIKE, day):
            yield self._calls.completed(at, place, facts.LATENCY_SPIKE.model, slower=facts.LATENCY_FACTOR)
        for at, place in self._burst(facts.OUTAGE, day):
            yield self._calls.failed(at, place, facts.OUTAGE.model, "overloaded")
        for at, place in self._burst(facts.WRONG_KEY, day):
            yield self._calls.failed(at, place, facts.WRONG_KEY.model, "authentication")

    def _burst(self, burst: Burst, day: date) -> Iterator[tuple[int, Place]]:
        if day != burst.day(self.last_day):
            return
        feature = FEATURES[burst.feature]
        users = [BY_NAME[burst.user]] if burst.user else [person for person in PEOPLE if feature in person.features]
        users = [person for person in users if self._is_here(person, day)]
        for number in range(burst.calls):
            hour = burst.first_hour + number * burst.hours // burst.calls
            yield self._moment(day, hour), self._place(users[number % len(users)], feature)

    def _place(self, person: Person, feature: Feature, session: str | None = None) -> Place:
        return Place(person, feature, self._hex(32), session, question=self._random.randrange(60))

    def _model(self, feature: Feature, at: int) -> Model:
        names, weights = zip(*feature.models, strict=True)
        model: Model = self._random.choices(names, weights)[0]
        moved = datetime.combine(self.last_day - timedelta(days=facts.ADOPTED_DAYS_AGO), time(), UTC)
        if feature is CHAT and model is facts.RETIRED_MODEL and at >= moved.timestamp() * SECOND:
            return facts.ADOPTED_MODEL
        return model

    def _moment(self, day: date, hour: int) -> int:
        return _at(day, hour) + self._random.randrange(3600 * SECOND)

    def _hex(self, digits: int) -> str:
        return f"{self._random.getrandbits(4 * digits):0{digits}x}"

    def _poisson(self, mean: float) -> int:
        """How often something happens that happens `mean` times in the middle (Knuth's method)."""
        limit, product, count = math.exp(-mean), self._random.random(), 0
        while product > limit:
            product *= self._random.random()
            count += 1
        return count


def _at(day: date, hour: int) -> int:
    return int(datetime.combine(day, time(hour), UTC).timestamp()) * SECOND


def _when(record: Record) -> int:
    return record.at if isinstance(record, Feedback | Identity) else record.started_at
