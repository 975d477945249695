"""The payment gateways, one driver each."""
