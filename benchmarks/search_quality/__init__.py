"""Does the search find what readers ask for: queries, judgements and the report."""
