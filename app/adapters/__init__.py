"""The outside world: databases, CAPTCHA, chance, sealed seeds, signed tokens."""
