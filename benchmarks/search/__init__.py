"""A search page at a million records: ours beside Whoosh's own searcher, SQLite FTS5, tantivy and Xapian."""
