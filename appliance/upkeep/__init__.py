"""Looking after the drives: the full check of every byte, and the repair of what it or a reader found damaged."""
