"""Updates: from an origin when there is a line, or from a stick; fetched, proved, staged, applied in one step."""
