"""The rows of money; one module a subject."""

from billing.models.alerts import LimitAlert, StockWatch, WalletWatch
from billing.models.audit import AuditFinding, AuditRun, UnpricedUse
from billing.models.blocks import BuyerBlock
from billing.models.codes import Code, CodeBatch, CodeEvent
from billing.models.disputes import Dispute
from billing.models.goods import Card, CardBatch, ProductPicture, ReadyKey
from billing.models.inbox import WebhookInbox
from billing.models.invoices import InvoiceRequest
from billing.models.leases import KeyBudget, RelayWorker, Slice
from billing.models.ledger import QUOTA, UNLIMITED, AccountSnapshot, Hold, Journal, LedgerAccount, Transfer
from billing.models.limits import LimitRule
from billing.models.offers import Coupon, CouponUse
from billing.models.prices import ExchangeRate, GroupRate, PriceBook, PriceCeiling, PriceRule
from billing.models.promotions import PromotionRule
from billing.models.referrals import ReferralProgram, ReferralReward
from billing.models.refunds import Refund
from billing.models.restock import RestockWish
from billing.models.shop import Category, GatewayAccount, Order, OrderEvent, PaymentAttempt, Product
from billing.models.suspicions import Suspicion
from billing.models.withdrawals import Withdrawal

__all__ = [
    "QUOTA",
    "UNLIMITED",
    "AccountSnapshot",
    "AuditFinding",
    "AuditRun",
    "BuyerBlock",
    "Card",
    "CardBatch",
    "Category",
    "Code",
    "CodeBatch",
    "CodeEvent",
    "Coupon",
    "CouponUse",
    "Dispute",
    "ExchangeRate",
    "GatewayAccount",
    "GroupRate",
    "Hold",
    "InvoiceRequest",
    "Journal",
    "KeyBudget",
    "LedgerAccount",
    "LimitAlert",
    "LimitRule",
    "Order",
    "OrderEvent",
    "PaymentAttempt",
    "PriceBook",
    "PriceCeiling",
    "PriceRule",
    "Product",
    "ProductPicture",
    "PromotionRule",
    "ReadyKey",
    "ReferralProgram",
    "ReferralReward",
    "Refund",
    "RelayWorker",
    "RestockWish",
    "Slice",
    "StockWatch",
    "Suspicion",
    "Transfer",
    "UnpricedUse",
    "WalletWatch",
    "WebhookInbox",
    "Withdrawal",
]
