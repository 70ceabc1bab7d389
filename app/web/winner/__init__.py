"""A winner's own pages."""
