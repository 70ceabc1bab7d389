"""The command line: `flask prizewell …`, one module per noun, through the same services as the pages."""

from flask import Flask

from app.cli.account import account
from app.cli.campaign import campaign
from app.cli.check import check
from app.cli.codes import codes
from app.cli.demo import demo
from app.cli.group import Commands
from app.cli.partner import partner
from app.cli.prize import prize
from app.cli.serve import serve
from app.cli.tier import tier
from app.cli.winners import winners


def register(app: Flask) -> None:
    """Add the commands."""
    prizewell = Commands("prizewell", help="Run giveaways: campaigns, tiers, prizes, codes, winners.")
    for command in (campaign, tier, prize, codes, partner, winners, account, demo, check, serve):
        prizewell.add_command(command)
    app.cli.add_command(prizewell)
