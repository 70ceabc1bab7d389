"""Who is the same person: canonical e-mail addresses and network prefixes."""


class InvalidAddress(ValueError):
    """The text is not an e-mail address that Prizewell accepts."""


def canonical_email(address: str) -> str:
    """Return the one spelling of a mailbox, for limits and the draw; raise InvalidAddress."""
    raise NotImplementedError


def mask_email(address: str) -> str:
    """Return the address for lists: first letter and domain, "a…@example.org"."""
    raise NotImplementedError


def network_prefix(ip: str) -> str:
    """Return the network that limits count by: IPv4 /24, IPv6 /48; raise ValueError on other text."""
    raise NotImplementedError
