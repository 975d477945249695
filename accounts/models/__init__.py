"""The rows of this room: people, tenants, memberships, sub-keys, how people join, and the audit trail."""

from accounts.models.identity import AccessToken, ApiKey, AuditEvent, Membership, Tenant, TenantDomain, User, UserManager
from accounts.models.joining import Acceptance, Invitation, LegalPage, ShopApplication

__all__ = [
    "Acceptance",
    "AccessToken",
    "ApiKey",
    "AuditEvent",
    "Invitation",
    "LegalPage",
    "Membership",
    "ShopApplication",
    "Tenant",
    "TenantDomain",
    "User",
    "UserManager",
]
