"""The API for shops' systems: JSON under /api/v1, described by a document that is served beside it."""
