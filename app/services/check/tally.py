"""What a check is about, and what it has seen so far."""

from dataclasses import dataclass, field
from uuid import UUID

from app.adapters.seeds import SeedVault
from app.domain.errors import SeedUnreadable
from app.models import Campaign

EXAMPLES = 3


@dataclass(slots=True)
class Tally:
    """What one check has seen so far: all faults are counted, the first few are told."""

    seen: int = 0
    faults: int = 0
    examples: list[str] = field(default_factory=list)

    def expect(self, holds: bool, fault: str) -> None:
        """Note a fault unless it holds."""
        if not holds:
            self.faults += 1
            if len(self.examples) < EXAMPLES:
                self.examples.append(fault)


@dataclass(frozen=True, slots=True)
class Subject:
    """A campaign under check, and what opens its seed."""

    campaign: Campaign
    vault: SeedVault

    @property
    def id(self) -> UUID:
        return self.campaign.id

    def seed(self) -> bytes | None:
        """The seed; None when it cannot be opened."""
        try:
            return self.vault.open(self.id, self.campaign.seed_encrypted)
        except SeedUnreadable:
            return None
