"""The blueprint of the entrants' pages."""

from flask import Blueprint

public = Blueprint("public", __name__)
