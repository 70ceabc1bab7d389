"""Use cases: one function, one transaction. They take `session`, `now`, `rng` and know no HTTP."""
