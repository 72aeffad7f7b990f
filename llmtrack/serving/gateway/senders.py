"""Whoever sends a request, by their token, and which models they may use."""

from __future__ import annotations

from dataclasses import dataclass

from llmtrack.ledger import Ledger, people
from llmtrack.ledger.limits import is_model
from llmtrack.serving.gateway.problems import GatewayProblem, Kind
from llmtrack.serving.identity import TokenBearer, TokenScope, Viewer


@dataclass(frozen=True, slots=True)
class Sender:
    """Whoever sent a valid token, and what they may use."""

    bearer: TokenBearer
    team: str | None
    """The team their calls are booked under."""
    models: tuple[tuple[str, ...], ...] = ()
    """Lists of models, by name or pattern; what is used has to be on each."""

    @property
    def names_users(self) -> bool:
        """Whether a user that only a request's body names counts: where the token may act for users at all."""
        return self.bearer.viewer is None and TokenScope.ACT_FOR_USERS.value in self.bearer.token.scopes

    def check_model(self, model: str | None, *, reads: bool) -> None:
        """Raises `GatewayProblem` for a model they may not use; `reads`: the request only looks something up.

        Where models are chosen, a request that names none may do no more than that: nobody knows what it would run.
        """
        if not self.models or (model is None and reads):
            return
        if model is None:
            raise GatewayProblem(
                Kind.MODEL_NOT_ALLOWED, f"This token is for {self._in_words()} only, and the request names no model."
            )
        if not all(any(is_model(pattern, model) for pattern in patterns) for patterns in self.models):
            raise GatewayProblem(
                Kind.MODEL_NOT_ALLOWED, f"This token is for {self._in_words()} only: {model!r} is not among them."
            )

    def _in_words(self) -> str:
        return "the models " + " and of them ".join(", ".join(patterns) or "none" for patterns in self.models)


def sender_of(ledger: Ledger, bearer: TokenBearer) -> Sender:
    """The bearer of a token with what the ledger says of their team."""
    team = bearer.token.team or (None if bearer.viewer is None else _team(bearer.viewer))
    chosen = (bearer.token.models, None if team is None else people.models_of(ledger, team))
    return Sender(bearer, team, tuple(models for models in chosen if models is not None))


def _team(viewer: Viewer) -> str | None:
    return viewer.team or (viewer.teams[0] if len(viewer.teams) == 1 else None)
