"""The HTTP API: one module a group of routes."""
