"""Making deltas: the way from a release to a newer one, for libraries that have a line or get a stick."""
