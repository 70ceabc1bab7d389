"""Ids in the console's addresses: 32 hex digits, random, never counted."""

from uuid import UUID

from werkzeug.routing import BaseConverter


class HexId(BaseConverter):
    """`<id:name>`: a UUID as hex digits."""

    regex = "[0-9a-f]{32}"

    def to_python(self, value: str) -> UUID:
        """The id."""
        return UUID(hex=value)

    def to_url(self, value: UUID) -> str:
        """Its digits."""
        return value.hex
