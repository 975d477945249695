"""The rows of this room: people, tenants, memberships, sub-keys, how people join, and the audit trail."""

from accounts.models.apps import SignInApp
from accounts.models.hooks import NotificationTarget, WebhookDelivery, WebhookEndpoint
from accounts.models.identity import AccessToken, ApiKey, Membership, Tenant, TenantDomain, User, UserManager
from accounts.models.joining import Acceptance, Invitation, LegalPage, ShopApplication
from accounts.models.mail import MailServer, MailText
from accounts.models.origins import Origin
from accounts.models.past import PastEntry
from accounts.models.referrals import Referral, ReferralCode
from accounts.models.replies import ApiReply
from accounts.models.screens import KeywordScreen
from accounts.models.trail import AuditEvent
from accounts.models.turnstile import Turnstile
from accounts.models.visits import SupportVisit

__all__ = [
    "Acceptance",
    "AccessToken",
    "ApiKey",
    "ApiReply",
    "AuditEvent",
    "Invitation",
    "KeywordScreen",
    "LegalPage",
    "MailServer",
    "MailText",
    "Membership",
    "NotificationTarget",
    "Origin",
    "PastEntry",
    "Referral",
    "ReferralCode",
    "ShopApplication",
    "SignInApp",
    "SupportVisit",
    "Tenant",
    "TenantDomain",
    "Turnstile",
    "User",
    "UserManager",
    "WebhookDelivery",
    "WebhookEndpoint",
]
