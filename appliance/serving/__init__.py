"""Verified bytes over HTTP: chunk store, drive pools, waitress channel."""
