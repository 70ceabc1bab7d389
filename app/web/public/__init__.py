"""The entrants' pages."""
