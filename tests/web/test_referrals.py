"""A link of one's own: with the result, on the landing page, in the form, and in the rules."""

import re
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.adapters.links import further_token
from app.adapters.tokens import Purpose
from app.domain.roles import Role
from app.extensions import tools
from app.models import Campaign, Entry, Referral, Tier
from app.services import campaigns
from app.services.audit import COMMAND_LINE
from tests.support.factories import TierSpec, make_campaign
from tests.support.fakes import NOON
from tests.support.staff import sign_in, version_in
from tests.support.visitor import enter, filled_form

pytestmark = pytest.mark.sqlite_is_enough


@pytest.fixture(autouse=True)
def campaign(session: Session) -> Campaign:
    made = make_campaign(session, [TierSpec("Gold", codes=9)], seed=77)
    plan = replace(campaigns.plan_of(made), refer_most=2)
    return campaigns.edit(session, made.id, plan, actor=COMMAND_LINE, now=NOON)


def result(client: FlaskClient, email: str, path: str | None = None) -> str:
    form = filled_form(client, path=path, email=email)
    answer = client.post("/c/summer/entries", data=form, follow_redirects=True)
    return answer.get_data(as_text=True)


def link(page: str) -> str:
    found = re.search(r'data-share="http://localhost(/c/summer/from/[^"]+)"', page)
    assert found
    return found[1]


def further(app: Flask, session: Session) -> str:
    """Where the person enters once more: their own link, as in the mail and on the page of the result."""
    mine = select(Entry).where(Entry.email == "me@example.org").order_by(Entry.created_at, Entry.period)
    entry = session.scalars(mine.limit(1)).one()
    with app.app_context():
        token = further_token(tools().signer, "summer", entry.id, entry.created_at)
    session.rollback()
    return f"/c/summer/again/{token}"


def rows(session: Session) -> list[Any]:
    session.rollback()
    return list(session.execute(select(Referral.number, Referral.not_counted)))


def move(session: Session) -> None:
    """All who have entered so far did so from elsewhere."""
    session.execute(update(Entry).values(network=None))
    session.commit()


def test_from_the_result_to_one_more_entry(app: Flask, client: FlaskClient, session: Session) -> None:
    page = result(client, "me@example.org")
    assert "up to 2 times" in page
    assert "Enter once more" not in page
    path = link(page)
    move(session)
    friend = app.test_client()
    assert "A friend has invited you" in friend.get(path).get_data(as_text=True)
    result(friend, "friend@example.org", path)
    assert rows(session) == [(1, "")]
    assert enter(client, filled_form(client, email="me@example.org")).status_code == 409
    once_more = further(app, session)
    assert "Friends have earned you one more entry" in client.get(once_more).get_data(as_text=True)
    again = enter(client, filled_form(client, path=once_more, email="me@example.org"))
    assert again.get_json()["outcome"] == "won"
    again = enter(client, filled_form(client, path=once_more, email="me@example.org"))
    assert again.status_code == 409


def test_whoever_has_earned_one_is_told_on_the_result(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    form = filled_form(client, email="me@example.org")
    answer = client.post("/c/summer/entries", data=form)
    path = link(client.get(answer.location).get_data(as_text=True))
    move(session)
    result(app.test_client(), "friend@example.org", path)
    page = client.get(answer.location).get_data(as_text=True)
    assert "You have 1 more try" in page
    assert re.search(r'href="/c/summer/again/[^"]+#entry">Enter once more', page)


def test_the_same_network_earns_nothing(app: Flask, client: FlaskClient, session: Session) -> None:
    path = link(result(client, "me@example.org"))
    result(app.test_client(), "friend@example.org", path)
    assert rows(session) == [(None, "network")]


def test_a_link_that_is_none_changes_nothing(client: FlaskClient, session: Session) -> None:
    path = link(result(client, "me@example.org"))
    make_campaign(session, slug="winter", seed=4)
    for other in ("/c/summer/from/forged", path.replace("summer", "winter")):
        page = client.get(other).get_data(as_text=True)
        assert "A friend has invited you" not in page
        assert "forged" not in page
    form = filled_form(client, email="friend@example.org", invite="forged")
    assert enter(client, form).status_code == 200
    assert rows(session) == []


def test_a_link_to_a_further_entry_that_is_none_changes_nothing(client: FlaskClient) -> None:
    page = client.get("/c/summer/again/forged").get_data(as_text=True)
    assert "forged" not in page
    assert "Friends have earned you" not in page


def test_where_it_is_off_nothing_speaks_of_it(
    client: FlaskClient, session: Session, campaign: Campaign
) -> None:
    path = link(result(client, "me@example.org"))
    plan = replace(campaigns.plan_of(campaign), refer_most=0)
    campaigns.edit(session, campaign.id, plan, actor=COMMAND_LINE, now=NOON)
    assert "A friend has invited you" not in client.get(path).get_data(as_text=True)
    page = result(client, "you@example.org")
    assert "/from/" not in page
    assert "Share your link" not in page


def name_tier(app: Flask, session: Session, campaign: Campaign) -> None:
    """As staff do, in the campaign's settings."""
    staff = sign_in(app, session, Role.EDITOR)
    page = staff.page("/admin/campaigns/summer/edit")
    assert "Codes for friends" in page
    gold = session.scalars(select(Tier.id).where(Tier.campaign_id == campaign.id)).one()
    session.rollback()
    kept = {"title": "Summer", "slug": "summer", "timezone": "UTC", "accent": "indigo", "entries": "once"}
    chosen = {"refer_most": "2", "refer_tier_id": gold.hex, "version": version_in(page)}
    assert staff.post("/admin/campaigns/summer/edit", kept | chosen).status_code == 303


def test_both_see_their_code(app: Flask, client: FlaskClient, session: Session, campaign: Campaign) -> None:
    name_tier(app, session, campaign)
    assert "of the tier “Gold”" in client.get("/c/summer/rules").get_data(as_text=True)
    path = link(result(client, "me@example.org"))
    move(session)
    page = result(app.test_client(), "friend@example.org", path)
    found = re.search(r'href="(/c/summer/result/[^"]+)">See that code', page)
    assert found
    code_page = client.get(found[1]).get_data(as_text=True)
    assert "A code for you, because of a friend" in code_page
    assert "You won" not in code_page
    staff = sign_in(app, session, Role.VIEWER)
    assert staff.page("/admin/campaigns/summer/winners").count("for a friend, not drawn") == 2
    assert staff.page("/admin/campaigns/summer/entries").count("For a friend") == 2
    assert "2 codes given" in staff.page("/admin/campaigns/summer")
    bonus = session.scalars(select(Entry.id).where(Entry.reason == "bonus").limit(1)).one()
    session.rollback()
    explained = staff.page(f"/admin/campaigns/summer/entries/{bonus.hex}")
    assert "Nothing was drawn" in explained
    assert "For checking the draw" not in explained


def test_my_prizes_has_the_link(app: Flask, client: FlaskClient, session: Session) -> None:
    path = link(result(client, "me@example.org"))
    move(session)
    result(app.test_client(), "friend@example.org", path)
    me = session.scalars(select(Entry.entrant_id).where(Entry.email == "me@example.org")).one()
    session.rollback()
    with app.app_context():
        token = tools().signer.sign(Purpose.MY_PRIZES, me.hex, tools().now())
    page = client.get(f"/me/{token}").get_data(as_text=True)
    assert "Friends have earned you 1 further entry, of 2 at most." in page
    assert "You have 1 more try" in page
    assert path in page
    assert "data-share-button" in page
    assert f'href="{further(app, session)}#entry"' in page


def test_the_rules_say_it(client: FlaskClient) -> None:
    assert "up to 2 further entries" in client.get("/c/summer/rules").get_data(as_text=True)


def test_staff_see_what_links_have_brought(app: Flask, client: FlaskClient, session: Session) -> None:
    form = filled_form(client, email="me@example.org")
    mine = client.post("/c/summer/entries", data=form)
    path = link(client.get(mine.location).get_data(as_text=True))
    result(app.test_client(), "near@example.org", path)
    move(session)
    result(app.test_client(), "friend@example.org", path)
    result(client, "me@example.org", further(app, session))
    staff = sign_in(app, session, Role.VIEWER)
    page = staff.page("/admin/campaigns/summer")
    assert "2 by the links of 1 people" in page
    assert "1 earned a further entry, 1 of these are made" in page
    assert "1 from the same network" in page
    by_address = {row.email: row for row in session.scalars(select(Entry).order_by(Entry.created_at))}

    def told(email: str) -> str:
        return staff.page(f"/admin/campaigns/summer/entries/{by_address[email].id.hex}")

    assert "Earned them further entry 1" in told("friend@example.org")
    assert "from the same network" in told("near@example.org")
    assert "Earned by a friend" in told("me@example.org")
