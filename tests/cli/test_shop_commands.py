"""What shops need, on the command line."""

from pathlib import Path

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Location, Redemption
from tests.support.factories import make_campaign
from tests.support.fakes import NOON
from tests.support.shop import win

pytestmark = pytest.mark.sqlite_is_enough


def run(app: Flask, *words: str, input: str | None = None) -> tuple[int, str]:  # noqa: A002 -- click's own word
    result = app.test_cli_runner().invoke(args=["prizewell", "shop", *words], input=input)
    return result.exit_code, result.output


def test_a_key_is_made_listed_and_revoked(app: Flask, session: Session) -> None:
    make_campaign(session)
    scopes = ("--scope", "codes:validate", "--scope", "figures:read")
    code, text = run(app, "key-create", "Shopify", *scopes, "--campaign", "summer", "--days", "30")
    assert code == 0
    assert text.startswith("pzk_")
    prefix = text[:12]
    listed = run(app, "keys")[1]
    assert f"{prefix}  good  Shopify  codes:validate figures:read" in listed
    assert text.strip() not in listed
    assert run(app, "key-revoke", prefix, "--reason", "lost")[0] == 0
    assert f"{prefix}  over" in run(app, "keys")[1]
    assert run(app, "key-revoke", "pzk_zzzzzzzz")[0] == 1


def test_a_counter_is_added(app: Flask, session: Session) -> None:
    code, text = run(app, "counter-add", "Moda", "--pin", "274915")
    made = session.scalars(select(Location)).one()
    assert (code, text.strip()) == (0, f"http://localhost/counter/{made.id.hex}")


def test_a_file_is_imported_after_a_look(app: Flask, session: Session, tmp_path: Path) -> None:
    make_campaign(session)
    code = win(session).code
    file = tmp_path / "orders.csv"
    file.write_text(f"code,order_reference\n{code},A-1\n")
    with time_machine.travel(NOON, tick=False):
        assert run(app, "import-redemptions", str(file), "--dry-run")[0] == 0
        assert session.scalars(select(Redemption)).all() == []
        session.rollback()
        assert "Imported." in run(app, "import-redemptions", str(file), "--campaign", "summer")[1]
        assert len(session.scalars(select(Redemption)).all()) == 1
        file.write_text("code,currency,order_total\nNOPE,,\nA,EUR,many\n")
        failed, text = run(app, "import-redemptions", str(file))
        assert failed == 1
        assert "line 3: use an amount" in text
        file.write_bytes(b"code\n\xff\n")
        assert "not UTF-8" in run(app, "import-redemptions", str(file))[1]
