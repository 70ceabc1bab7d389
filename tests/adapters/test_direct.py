"""Statements on the driver's own cursor: values, rows and errors as SQLAlchemy has them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, bindparam, insert, literal, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from app.adapters.direct import DirectConnection, Prepared
from app.models import Account, Campaign, Entrant, Entry
from tests.support.factories import make_campaign
from tests.support.fakes import NOON

ADD = Prepared(insert(Entrant))
FIND = Prepared(select(Entrant).where(Entrant.email_key == bindparam("email")))
PERSON = UUID(int=7)


@pytest.fixture
def connection(session: Session) -> Iterator[DirectConnection]:
    yield DirectConnection(session.connection())
    session.rollback()


def test_what_goes_in_comes_out(connection: DirectConnection) -> None:
    at_home = NOON.astimezone(timezone(timedelta(hours=3)))
    connection.execute(ADD, {"id": PERSON, "email_key": "ayse@example.org", "created_at": at_home})
    found = connection.row(FIND, {"email": "ayse@example.org"})
    assert (found.id, found.email_key, found.created_at) == (PERSON, "ayse@example.org", NOON)
    assert found.created_at.tzinfo is UTC
    assert connection.row(FIND, {"email": "nobody@example.org"}) is None


def test_every_type_of_the_route_survives(session: Session) -> None:
    campaign = make_campaign(session)
    columns = Campaign.__table__.columns
    row = DirectConnection(session.connection()).row(
        Prepared(select(*columns).where(Campaign.id == bindparam("id"))), {"id": campaign.id}
    )
    assert {column.key: getattr(row, column.key) for column in columns} == {
        column.key: getattr(campaign, column.key) for column in columns
    }


def test_constants_in_a_statement_are_converted_once(connection: DirectConnection) -> None:
    constants = select(
        literal(datetime(2030, 1, 1, tzinfo=UTC), Entrant.created_at.type).label("at"),
        literal(PERSON).label("id"),
        bindparam("word", type_=Entry.name.type).label("word"),
    )
    row = connection.row(Prepared(constants), {"word": "ğ"})
    assert (row.at, row.id, row.word) == (datetime(2030, 1, 1, tzinfo=UTC), PERSON, "ğ")


def test_a_statement_may_differ_between_the_databases(connection: DirectConnection) -> None:
    keep = Prepared(
        {
            name: dialect.insert(Entrant).on_conflict_do_nothing().returning(Entrant.id)
            for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql))
        }
    )
    values = {"id": PERSON, "email_key": "ayse@example.org", "created_at": NOON}
    assert connection.row(keep, values) == (PERSON,)
    assert connection.row(keep, values) is None
    with pytest.raises(TypeError):
        keep.statement  # noqa: B018 -- asking is what is tested


def test_errors_are_sqlalchemys_and_tell_no_values(session: Session, connection: DirectConnection) -> None:
    row = {"id": PERSON, "email_key": "ayse@example.org", "created_at": NOON}
    connection.execute(ADD, row)
    with pytest.raises(IntegrityError) as caught:
        connection.execute(ADD, row)
    assert "ayse" not in str(caught.value.statement)
    assert caught.value.params is None
    session.rollback()
    with pytest.raises(DBAPIError):
        DirectConnection(session.connection()).command("SELECT FROM WHERE")


def test_a_lost_connection_is_known_as_one(session: Session) -> None:
    own = session.connection()
    direct = DirectConnection(own)
    driver = own.connection.driver_connection
    assert driver is not None
    driver.close()
    with pytest.raises(DBAPIError) as caught:
        direct.row(FIND, {"email": "ayse@example.org"})
    assert caught.value.connection_invalidated
    session.rollback()
    assert session.scalar(text("SELECT 1")) == 1, "the pool gives another"


def test_values_must_be_there_and_fit(connection: DirectConnection) -> None:
    with pytest.raises(KeyError):
        connection.row(FIND, {})
    with pytest.raises(ValueError, match="time zone"):
        connection.execute(
            ADD, {"id": uuid4(), "email_key": "a@example.org", "created_at": NOON.replace(tzinfo=None)}
        )


def test_defaults_made_in_python_are_refused(connection: DirectConnection) -> None:
    with pytest.raises(TypeError, match="default"):
        connection.execute(Prepared(insert(Account)), {"id": PERSON})


def test_it_wants_a_transaction(session: Session) -> None:
    engine = session.get_bind()
    assert not isinstance(engine, Connection)
    with engine.connect() as idle, pytest.raises(RuntimeError):
        DirectConnection(idle)
