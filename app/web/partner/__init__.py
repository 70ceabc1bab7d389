"""A partner's own figures, behind a signed link."""
