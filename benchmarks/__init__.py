"""How fast Prizewell takes entries, beside floors measured in the same run: `python -m benchmarks`."""
