"""People, tenants, sub-keys, scope, audit."""
