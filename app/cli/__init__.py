"""The command line: `flask prizewell …`, one module per noun, through the same services as the pages."""

from flask import Flask

from app.cli import (
    account,
    campaign,
    check,
    codes,
    demo,
    figures,
    partner,
    prize,
    serve,
    shop,
    tier,
    webhook,
    winners,
    worker,
)
from app.cli.group import Commands


def register(app: Flask) -> None:
    """Add the commands."""
    prizewell = Commands("prizewell", help="Run giveaways: campaigns, tiers, prizes, codes, winners.")
    for command in (
        campaign.campaign,
        tier.tier,
        prize.prize,
        codes.codes,
        partner.partner,
        winners.winners,
        shop.shop,
        webhook.webhook,
        account.account,
        demo.demo,
        check.check,
        figures.figures,
        serve.serve,
        worker.worker,
    ):
        prizewell.add_command(command)
    app.cli.add_command(prizewell)
