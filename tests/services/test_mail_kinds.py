"""Every mail to entrants over a real mail server, in each language that everything speaks."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from app.adapters.mail import SmtpMailer
from app.domain.languages import STAFF
from app.domain.outcomes import Held, Lost, Won
from app.domain.proof import Proof
from app.models import Entry, MessageKind
from app.services import campaigns, outbox, prizes, winner_page
from app.services.audit import COMMAND_LINE
from app.services.entries import submit_entry
from app.services.prizes import PrizePlan
from app.services.uow import unit_of_work
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng
from tests.support.office import deliver_all
from tests.support.smtp import postbox

pytestmark = pytest.mark.sqlite_is_enough

SUBJECTS = {
    "en": {"You won: Gold prize", "Not this time: Summer giveaway", "Your code ends soon: Gold prize"},
    "tr": {
        "Kazandınız: Gold prize",
        "Bu kez olmadı: Summer giveaway",
        "Kodunuzun süresi yakında doluyor: Gold prize",
    },
}
LINKS = {
    "en": {"The link to your prizes", "Confirm your address to get your code: Summer giveaway"},
    "tr": {"Ödüllerinizin bağlantısı", "Kodunuzu almak için adresinizi onaylayın: Summer giveaway"},
}


@pytest.mark.parametrize("language", STAFF)
def test_every_kind_arrives(session: Session, language: str) -> None:
    campaign = make_campaign(session, [TierSpec("Gold", codes=2)])
    (prize,) = prizes.listing(session, campaign.id)
    plan = PrizePlan(prize.name, expires_days=30)
    prizes.edit(session, prize.id, plan, actor=COMMAND_LINE, now=NOON, rng=FakeRng(2))
    found = []
    for number, proof in ((1, Proof.NEVER), (2, Proof.CODE), (3, Proof.NEVER)):
        current = campaigns.plan_of(campaigns.get(session, "summer"))
        wanted = replace(current, proof=proof, mail_losers=True)
        campaigns.edit(session, campaign.id, wanted, actor=COMMAND_LINE, now=NOON)
        sent = replace(submission(number), locale=language)
        found.append(submit_entry(session, sent, now=NOON, rng=FakeRng(number), vault=VAULT))
    assert [type(one) for one in found] == [Won, Held, Lost]
    won = found[0]
    assert isinstance(won, Won)
    _write_reminder(session, won)
    hours = timedelta(hours=2)
    winner_page.send_link(session, "person3@example.org", now=NOON + hours, rng=FakeRng(8))
    with postbox() as box:
        for moment in (NOON, NOON + hours, NOON + 2 * hours):
            deliver_all(session, SmtpMailer(box.route()), moment)
    assert {str(mail["Subject"]) for mail in box.mails} == SUBJECTS[language] | LINKS[language]
    for mail in box.mails:
        page = mail.get_body(("html",))
        assert page is not None
        assert f'lang="{language}"' in page.get_content()


@unit_of_work
def _write_reminder(session: Session, won: Won) -> None:
    entrant = session.get_one(Entry, won.entry).entrant_id
    outbox.write(session, MessageKind.CODE_ENDS, won.entry, entrant, now=NOON, rng=FakeRng(70))
