"""The tables that say who is who: people, their user ids, teams and tokens. Times are microseconds since 1970."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Index, SmallInteger
from sqlmodel import Field, SQLModel

from llmtrack.ledger.schema.columns import Json, big, given, key


class Person(SQLModel, table=True):
    """Somebody who signed in, known for ever by issuer and subject, whatever they are called."""

    __tablename__ = "person"
    __table_args__ = (Index("person_subject", "issuer", "subject", unique=True),)
    id: int = key()
    issuer: str
    subject: str
    user_id: str = Field(unique=True)
    """What their calls are booked under: the first user id they claimed."""
    name: str | None = None
    role: str | None = None
    """``admin`` or ``user`` where an admin chose it; NULL leaves it to the settings."""
    groups: list[Any] | None = Field(default=None, sa_type=Json)
    """Their groups at the identity provider, as of the latest sign-in."""
    created_at: int = big()
    signed_in_at: int = big()
    """The latest time an ID token of theirs was issued, by the provider's clock."""
    sessions_from: int = big()
    """Sessions whose ID token was issued at this time or before are over."""
    disabled_at: int | None = big(default=None)


class PersonUserId(SQLModel, table=True):
    """Every user id that is somebody's. It is theirs from the first claim on and never becomes another's."""

    __tablename__ = "person_user_id"
    __table_args__ = (Index("person_user_id_person", "person"),)
    user_id: str = Field(primary_key=True)
    person: int = big()
    claimed_at: int = big()


class UserAlias(SQLModel, table=True):
    """A user id whose calls questions count as another's. Rows and totals stay as they were written."""

    __tablename__ = "user_alias"
    __table_args__ = (Index("user_alias_target", "target"),)
    app_user: int = given()
    merged_into: int
    """The user that the admin named."""
    target: int
    """The user at the end of the chain, where `merged_into` is an alias itself: what questions read."""
    merged_at: int = big()
    merged_by: str


class Invitation(SQLModel, table=True):
    """Somebody who may come in whatever the allow-list says, known by address before their first sign-in."""

    __tablename__ = "invitation"
    address: str = Field(primary_key=True)
    """A verified e-mail address or a user id, in lower case."""
    role: str | None = None
    """The role they get at their first sign-in; NULL leaves it to the settings."""
    team: int | None = big(default=None)
    """The team they join then."""
    invited_at: int = big()
    invited_by: str
    person: int | None = big(default=None)
    """Who came by it; it lets nobody else in."""


class Team(SQLModel, table=True):
    """A team. Its numbers are the calls whose `group` is its name, whoever made them."""

    __tablename__ = "team"
    id: int = key()
    name: str = Field(unique=True)
    from_group: str | None = None
    """The identity provider's group whose people are its members."""
    models: list[Any] | None = Field(default=None, sa_type=Json)
    """The models its tokens, and those of its members who send for it, may use; NULL: all."""
    created_at: int = big()
    web_search: int = Field(default=1, sa_type=SmallInteger, sa_column_kwargs={"server_default": "1"})
    """Whether its people may let providers search the web in the chat: 1 or 0."""


class Membership(SQLModel, table=True):
    """Who belongs to a team, and who may see its numbers."""

    __tablename__ = "membership"
    __table_args__ = (Index("membership_person", "person"),)
    team: int = key()
    person: int = key()
    leads: int = Field(sa_type=SmallInteger)
    from_claims: int = Field(sa_type=SmallInteger)
    """1 where it comes from a group at the identity provider, and goes when that does."""


class ApiToken(SQLModel, table=True):
    """A token for programs, of one person, team or service. What it is stays with whoever was shown it."""

    __tablename__ = "api_token"
    __table_args__ = (Index("api_token_person", "person"),)
    id: int = key()
    digest: str = Field(unique=True)
    """SHA-256 of the token, in hexadecimal."""
    prefix: str
    """Its beginning, by which people tell it from others."""
    name: str
    person: int | None = big(default=None)
    team: int | None = big(default=None)
    service: str | None = None
    scopes: list[Any] = Field(sa_type=Json)
    feature: str | None = None
    """What its calls through the gateway are for, where they do not say so themselves."""
    models: list[Any] | None = Field(default=None, sa_type=Json)
    """The models they may use; NULL: all."""
    created_at: int = big()
    created_by: str
    expires_at: int | None = big(default=None)
    last_used_at: int | None = big(default=None)
    """To the minute."""
    revoked_at: int | None = big(default=None)
    revoked_by: str | None = None
