"""Publishing: what boxes fetch, as static files in a folder or in S3-compatible storage, or on a stick."""
