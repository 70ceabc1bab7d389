"""`flask prizewell figures rebuild`: days are added up anew, of one campaign or of all."""

from flask import Flask
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.models import FigureDay, ShopperBook
from tests.support.factories import make_campaign
from tests.support.shop import win


def run(app: Flask, *words: str) -> str:
    result = app.test_cli_runner().invoke(args=["prizewell", "figures", *words])
    assert result.exit_code == 0, result.output
    return result.output


def test_rebuild(app: Flask, session: Session) -> None:
    make_campaign(session)
    make_campaign(session, slug="other", seed=3)
    win(session)
    assert run(app, "rebuild") == "summer: 1 days added up\nother: 0 days added up\n"
    session.rollback()
    session.execute(delete(FigureDay))
    session.commit()
    assert run(app, "rebuild", "summer") == "summer: 1 days added up\n"
    assert session.scalar(select(func.count()).select_from(FigureDay)) == 11
    assert session.scalars(select(ShopperBook.id)).all() == [1]
