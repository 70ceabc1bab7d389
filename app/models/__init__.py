"""Tables: columns, constraints and indexes, one module per noun. No rules, no queries."""

from app.models.account import Account, AccountCampaign
from app.models.alert import Alert, TierWatch, Watch
from app.models.api_key import ApiKey, IdempotencyKey
from app.models.audit import AuditRecord
from app.models.award import Award, AwardStatus, Replacement
from app.models.base import Base
from app.models.campaign import Campaign
from app.models.code import Code, CodeStatus
from app.models.code_batch import BatchSource, BatchState, CodeBatch, StagedCode
from app.models.entrant import Entrant
from app.models.entry import Entry, NonceSource
from app.models.figures import (
    CampaignCost,
    FigureBook,
    FigureDay,
    FigureMoney,
    ShopperBook,
    TrafficCount,
)
from app.models.form_version import FormVersion
from app.models.location import Location
from app.models.message import Message, MessageKind, MessageState
from app.models.network_key import NetworkKey
from app.models.odds_table import OddsTableRecord
from app.models.opening_reminder import OpeningReminder
from app.models.partner import DailyKey, Partner, PartnerCount, Visit
from app.models.prize import Prize, PrizeKind
from app.models.quarter_count import QuarterCount, RefusalCount
from app.models.redemption import Redemption, RedemptionSource
from app.models.referral import Referral
from app.models.report_mail import ReportMail, ReportTurn
from app.models.rules_version import RulesVersion
from app.models.second_factor import RecoveryCode, SecondFactor
from app.models.spent_challenge import SpentChallenge
from app.models.staff_session import StaffSession
from app.models.tier import Tier
from app.models.tier_use import TierUse
from app.models.webhook import (
    DeliveryState,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookTry,
    WebhookWatch,
)
from app.models.winner_key import WinnerKey

__all__ = [
    "Account",
    "AccountCampaign",
    "Alert",
    "ApiKey",
    "AuditRecord",
    "Award",
    "AwardStatus",
    "Base",
    "BatchSource",
    "BatchState",
    "Campaign",
    "CampaignCost",
    "Code",
    "CodeBatch",
    "CodeStatus",
    "DailyKey",
    "DeliveryState",
    "Entrant",
    "Entry",
    "FigureBook",
    "FigureDay",
    "FigureMoney",
    "FormVersion",
    "IdempotencyKey",
    "Location",
    "Message",
    "MessageKind",
    "MessageState",
    "NetworkKey",
    "NonceSource",
    "OddsTableRecord",
    "OpeningReminder",
    "Partner",
    "PartnerCount",
    "Prize",
    "PrizeKind",
    "QuarterCount",
    "RecoveryCode",
    "Redemption",
    "RedemptionSource",
    "Referral",
    "RefusalCount",
    "Replacement",
    "ReportMail",
    "ReportTurn",
    "RulesVersion",
    "SecondFactor",
    "ShopperBook",
    "SpentChallenge",
    "StaffSession",
    "StagedCode",
    "Tier",
    "TierUse",
    "TierWatch",
    "TrafficCount",
    "Visit",
    "Watch",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookTry",
    "WebhookWatch",
    "WinnerKey",
]
