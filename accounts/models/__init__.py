"""The rows of this room: people, tenants, memberships, sub-keys, access tokens and the audit trail."""

from accounts.models.identity import AccessToken, ApiKey, AuditEvent, Membership, Tenant, TenantDomain, User, UserManager

__all__ = ["AccessToken", "ApiKey", "AuditEvent", "Membership", "Tenant", "TenantDomain", "User", "UserManager"]
