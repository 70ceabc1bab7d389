"""A running site with a campaign for each reveal and outcome and for each state and ground, for browsers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.adapters.picture_code import PictureCode
from app.adapters.tokens import Purpose
from app.config import load_settings
from app.domain.eligibility import CampaignStatus, Phase
from app.domain.entry_form import AgeBy, AgeGate, FieldPlan, FormPlan, Kind, Option
from app.domain.palette import Ground
from app.domain.proof import Proof
from app.domain.reveals import Reveal
from app.domain.theme import Corners, Fonts, Theme
from app.extensions import db, tools
from app.models import Entry, OpeningReminder
from app.services import campaigns, entry_forms, handling, looks, opening_reminders, proof
from app.services.audit import COMMAND_LINE
from tests.support.application import SECRET_KEY, application, environment, migrate
from tests.support.factories import TierSpec, make_campaign, open_campaign
from tests.support.fakes import FakeRng
from tests.support.outcomes import hash_of, make_reveal, result_page
from tests.support.site import running_site
from tests.support.visitor import read_code

PRIZE = "Coffee for two"
OUTCOMES = ("won", "lost")
PHASES = (Phase.NOT_OPEN, Phase.LIVE, Phase.PAUSED, Phase.SOLD_OUT, Phase.CLOSED)
LOOKS = {
    Ground.WARM: Theme(),
    Ground.COOL: Theme(colour="#0e7c66", ground=Ground.COOL, fonts=Fonts.SERIF, corners=Corners.SHARP),
    Ground.PLAIN: Theme(colour="#e4002b", ground=Ground.PLAIN, fonts=Fonts.POSTER, corners=Corners.SHARP),
    Ground.BRAND: Theme(colour="#ffd400", ground=Ground.BRAND, fonts=Fonts.ROUNDED, corners=Corners.ROUND),
}
FULL_FORM = FormPlan(
    (
        FieldPlan("name", Kind.NAME),
        FieldPlan("email", Kind.EMAIL),
        FieldPlan("phone", Kind.PHONE, help="For the courier alone."),
        FieldPlan("birth_date", Kind.BIRTH_DATE),
        FieldPlan("country", Kind.COUNTRY),
        FieldPlan("postcode", Kind.POSTCODE, required=False),
        FieldPlan(
            "select_1", Kind.SELECT, "Favourite shop", options=(Option("a", "Moda"), Option("b", "Karaköy"))
        ),
        FieldPlan("text_1", Kind.TEXT, "What do you drink in the morning?", required=False),
        FieldPlan("text_2", Kind.TEXT, "Your shoe size", "European sizes."),
        FieldPlan("tick_1", Kind.TICK, "I have been in the shop before", required=False),
    ),
    age=AgeGate(18, AgeBy.BIRTH_DATE),
    countries=("DE", "TR"),
    partner="Corner & Pine",
)
TITLE = "A summer of small surprises"
INTRO = "Ten weekends at the sea, a hundred breakfasts for two, and a code for everyone who is lucky."


@dataclass(frozen=True, slots=True)
class Stage:
    """A running site, and the page of one result of each kind by its campaign."""

    url: str
    results: dict[str, str]
    others: dict[str, str]  # further pages of entrants, by what they are

    def landing(self, reveal: Reveal, outcome: str) -> str:
        """The landing page of the campaign where everybody comes to that outcome."""
        return f"{self.url}/c/{reveal.value}-{outcome}"

    def result(self, reveal: Reveal, outcome: str) -> str:
        """The result's page of somebody who entered there."""
        return self.url + self.results[f"{reveal.value}-{outcome}"]

    def in_state(self, phase: Phase, ground: Ground) -> str:
        """The landing page of a campaign in that state and look; those that are live ask for ten things."""
        return f"{self.url}/c/{_slug(phase, ground)}"

    def digits(self, token: str, slug: str) -> str:
        """What somebody who sees the picture reads."""
        return read_code(PictureCode(SECRET_KEY), token, slug)


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """Make the campaigns and serve them until the block ends."""
    url, now = f"sqlite:///{folder / 'prizewell.sqlite3'}", datetime.now(UTC) - timedelta(seconds=2)
    migrate(url, folder)
    results: dict[str, str] = {}
    with application(load_settings(environment(url, folder))) as app, app.app_context():
        session = db.session()
        for number, reveal in enumerate(Reveal):
            for outcome in OUTCOMES:
                slug = make_reveal(session, reveal, outcome, now=now, prize=PRIZE)
                results[slug], _found = result_page(session, tools().signer, slug, 1, now=now)
                _dress(session, slug, [*LOOKS.values()][number % len(LOOKS)], now)
        others = _other_pages(session, now)
        for phase in PHASES:
            for ground, look in LOOKS.items():
                _make_state(session, phase, _slug(phase, ground), now)
                _dress(session, _slug(phase, ground), look, now)
        others |= _waiting_pages(session, now)
    with running_site(url, folder, module="tests.support.stage_site:app") as port:
        yield Stage(f"http://127.0.0.1:{port}", results, others)


def _other_pages(session: Session, now: datetime) -> dict[str, str]:
    """Pages about what waits for proof or does not count any more, about all that somebody won or waits for,
    what is read, and what is said when something is wrong.
    """
    signer = tools().signer
    for slug, setting in (("held", Proof.CODE), ("covered", Proof.REVEAL)):
        made = make_campaign(session, slug=slug, now=now, status=CampaignStatus.DRAFT, seed=hash_of(slug))
        plan = replace(campaigns.plan_of(made), proof=setting)
        campaigns.edit(session, made.id, plan, actor=COMMAND_LINE, now=now)
        open_campaign(session, made.id, now=now)
        _dress(session, slug, LOOKS[Ground.COOL], now)
    make_campaign(session, slug="draft", now=now, status=CampaignStatus.DRAFT, seed=hash_of("draft"))
    before_code, held = result_page(session, signer, "held", 1, now=now)
    before_reveal, covered = result_page(session, signer, "covered", 1, now=now)
    lapsed_page, lapsed = result_page(session, signer, "held", 2, now=now)
    proof.lapse_one(session, lapsed.entry, now=now + timedelta(days=3), rng=FakeRng(5))
    withdrawn_page, withdrawn = result_page(session, signer, f"{Reveal.GIFT.value}-won", 2, now=now)
    handling.void(session, withdrawn.entry, actor=COMMAND_LINE, now=now, reason="a bot")
    entrant = session.scalars(select(Entry.entrant_id).where(Entry.id == held.entry)).one()
    mine = "/me/" + signer.sign(Purpose.MY_PRIZES, entrant.hex, now)
    return {
        "before the code": before_code,
        "before the reveal": before_reveal,
        "lapsed": lapsed_page,
        "withdrawn": withdrawn_page,
        "proof of the code": "/me/proof/" + signer.sign(Purpose.PROOF, held.entry.hex, now),
        "proof of the reveal": "/me/proof/" + signer.sign(Purpose.PROOF, covered.entry.hex, now),
        "my prizes": mine,
        "stop mail": f"{mine}/mail",
        "erase": f"{mine}/erase",
        "erased": "/me/erased",
        "ask": "/me",
        "asked": "/me/asked",
        "over": "/me/proof/none",
        "rules": "/c/held/rules",
        "fairness": "/c/held/fairness",
        "frame": f"/c/{_slug(Phase.LIVE, Ground.BRAND)}/embed",
        "draft": "/c/draft",
        "all campaigns": "/",
        "404": "/c/nothing",
        "429": "/broken/429",
        "503": "/broken/503",
    }


def _waiting_pages(session: Session, now: datetime) -> dict[str, str]:
    """Pages of somebody who wants to hear of an opening."""
    slug = _slug(Phase.NOT_OPEN, Ground.WARM)
    opening_reminders.ask(
        session, slug, "waits@example.org", "en", now=now, rng=FakeRng(6), vault=tools().vault
    )
    waiting = session.scalars(select(OpeningReminder.id)).one()
    return {
        "reminded": f"/c/{slug}/reminder",
        "not reminded": f"/c/{slug}/reminder/{tools().signer.sign(Purpose.REMINDER, waiting.hex, now)}",
        "reminder over": f"/c/{slug}/reminder/none",
    }


def _slug(phase: Phase, ground: Ground) -> str:
    return f"{phase.value.replace('_', '-')}-{ground.value}"


def _dress(session: Session, slug: str, look: Theme, now: datetime) -> None:
    looks.edit(session, campaigns.get(session, slug).id, look, actor=COMMAND_LINE, now=now)


def _make_state(session: Session, phase: Phase, slug: str, now: datetime) -> None:
    """A campaign in that phase, with a title, a form of ten fields, and two tiers of prizes."""
    codes = 0 if phase is Phase.SOLD_OUT else 12
    made = make_campaign(
        session,
        (TierSpec("Gold", codes=codes), TierSpec("Silver", 9, codes=codes)),
        slug=slug,
        lose_weight=10,
        opens_at=now + timedelta(days=3) if phase is Phase.NOT_OPEN else None,
        closes_at=now + timedelta(days=30),
        timezone="Europe/Istanbul",
        status=CampaignStatus.DRAFT,
        now=now,
        seed=hash_of(slug),
    )
    plan = replace(campaigns.plan_of(made), title=TITLE, intro=INTRO, sponsor="Corner & Pine")
    campaigns.edit(session, made.id, plan, actor=COMMAND_LINE, now=now)
    entry_forms.save(session, made.id, FULL_FORM, actor=COMMAND_LINE, now=now)
    open_campaign(session, made.id, now=now)
    ends = {Phase.PAUSED: CampaignStatus.PAUSED, Phase.CLOSED: CampaignStatus.CLOSED}
    if phase in ends:
        campaigns.set_status(session, made.id, ends[phase], actor=COMMAND_LINE, now=now)
