"""The rules of a giveaway in plain Python: no web, no database, no clock, no global randomness."""
