"""Returns: the reports that libraries send up, by wire or by stick, received once each."""
