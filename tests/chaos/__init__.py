"""Storms against the deployed stack, each followed by a reconciliation: `make test-chaos`."""
