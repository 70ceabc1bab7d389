"""Absolute links into our pages, for what is read outside of them."""

from datetime import datetime
from uuid import UUID

from app.adapters.tokens import Purpose, Signer


def referral_token(signer: Signer, slug: str, entry_id: UUID, at: datetime) -> str:
    """What marks visitors as brought by whoever made this entry, at that moment; the same each time."""
    return signer.sign(Purpose.REFERRAL, [slug, entry_id.hex], at)


def further_token(signer: Signer, slug: str, entry_id: UUID, at: datetime) -> str:
    """What shows that whoever made this entry, at that moment, enters once more; the same each time."""
    return signer.sign(Purpose.FURTHER, [slug, entry_id.hex], at)


def result_token(signer: Signer, entry_id: UUID, at: datetime) -> str:
    """What opens the result page of an entry made at that moment; the same each time."""
    return signer.sign(Purpose.RESULT, entry_id.hex, at)


class Links:
    """Links under the public address (without a slash at its end)."""

    def __init__(self, public_url: str, signer: Signer) -> None:
        self._public_url = public_url
        self._signer = signer

    def sign_in(self, account_id: UUID, counter: int, now: datetime) -> str:
        """A one-time link for staff, made at that moment: good while the account's counter stands there."""
        payload = {"account": account_id.hex, "counter": counter}
        return f"{self._public_url}/account/link/{self._signer.sign(Purpose.SIGN_IN, payload, now)}"

    def partner(self, partner_id: UUID, counter: int, now: datetime) -> str:
        """A one-time link to a partner's figures: good while the partner's counter stands there."""
        token = self._signer.sign(Purpose.PARTNER_LINK, [partner_id.hex, counter], now)
        return f"{self._public_url}/partner/{token}"

    def report(self, slug: str) -> str:
        """The figures of a campaign, for staff."""
        return f"{self.console(slug)}/report"

    def no_reports(self, account_id: UUID, campaign_id: UUID, now: datetime) -> str:
        """Where a member of staff says that they want no more figures of that campaign by mail."""
        token = self._signer.sign(Purpose.NO_REPORTS, [account_id.hex, campaign_id.hex], now)
        return f"{self._public_url}/account/reports/{token}"

    def console(self, slug: str) -> str:
        """Where staff watch a campaign."""
        return f"{self._public_url}/admin/campaigns/{slug}"

    def landing(self, slug: str) -> str:
        """Where people enter."""
        return f"{self._public_url}/c/{slug}"

    def further(self, slug: str, entry_id: UUID, at: datetime) -> str:
        """Where whoever made this entry enters once more, as friends have earned them."""
        return f"{self.landing(slug)}/again/{further_token(self._signer, slug, entry_id, at)}"

    def rules(self, slug: str) -> str:
        """The rules and odds."""
        return f"{self.landing(slug)}/rules"

    def result(self, slug: str, entry_id: UUID, at: datetime) -> str:
        """The outcome of one entry made at that moment, for whoever has the link."""
        return f"{self.landing(slug)}/result/{result_token(self._signer, entry_id, at)}"

    def prove(self, entry_id: UUID, at: datetime) -> str:
        """Where the address of an entry made at that moment is proved."""
        return f"{self._public_url}/me/proof/{self._signer.sign(Purpose.PROOF, entry_id.hex, at)}"

    def my_prizes(self, entrant_id: UUID, now: datetime) -> str:
        """All that one person has won, for whoever has the link, while it is fresh."""
        return f"{self._public_url}/me/{self._signer.sign(Purpose.MY_PRIZES, entrant_id.hex, now)}"

    def stop_mail(self, entrant_id: UUID, now: datetime) -> str:
        """Where one person says that they want no such mail."""
        return f"{self.my_prizes(entrant_id, now)}/mail"

    def no_reminder(self, slug: str, reminder_id: UUID, now: datetime) -> str:
        """Where somebody says that they do not want to hear of an opening."""
        token = self._signer.sign(Purpose.REMINDER, reminder_id.hex, now)
        return f"{self.landing(slug)}/reminder/{token}"

    def fairness(self, slug: str) -> str:
        """How the draw can be checked."""
        return f"{self.landing(slug)}/fairness"
