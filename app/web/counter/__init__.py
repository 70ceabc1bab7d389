"""The counter page: a shop without a till of its own checks and takes codes on a phone."""
