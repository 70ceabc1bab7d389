"""Form versions: each entry form as it was shown, so that every entry tells what was asked and agreed to."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.models import Campaign, FormVersion


def find(session: Session, campaign_id: UUID, version: int) -> FormVersion | None:
    """One version as it was shown, if it was kept."""
    return session.get(FormVersion, (campaign_id, version))


def keep_up(session: Session, campaign: Campaign, now: datetime) -> None:
    """Write the next version of the form if it has come to read differently.

    Call at the end of every change of the form, of its texts in another language, or of the campaign's zone,
    in the same unit of work.
    """
    texts = _form_texts(campaign.texts)
    kept = find(session, campaign.id, campaign.form_version)
    if kept is None:
        if not campaign.form and not texts:
            return
    elif (kept.document, kept.timezone, kept.texts) == (campaign.form, campaign.timezone, texts):
        return
    campaign.form_version += 1
    session.add(
        FormVersion(
            campaign_id=campaign.id,
            version=campaign.form_version,
            document=campaign.form,
            timezone=campaign.timezone,
            texts=texts,
            created_at=now,
        )
    )
    session.flush()


def _form_texts(texts: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Of a campaign's texts in other languages, those of its form."""
    found = {
        language: {key: text for key, text in by_key.items() if key.startswith("form.")}
        for language, by_key in texts.items()
    }
    return {language: by_key for language, by_key in found.items() if by_key}
