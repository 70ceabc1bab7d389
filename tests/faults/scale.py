"""How much of everything: `make test` does a little of each, `make soak` the same at length."""

import os

IS_SOAK = os.environ.get("PRIZEWELL_TEST_SOAK") == "1"


def much(in_suite: int, in_soak: int) -> int:
    """The first number in `make test`, the second in `make soak`."""
    return in_soak if IS_SOAK else in_suite


def tell(figures: str) -> None:
    """Say what a test did, for whoever runs it with `-rP`."""
    print(f"{'soak' if IS_SOAK else 'suite'}: {figures}")
