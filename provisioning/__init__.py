"""Keys, roles and the words that staff and patrons read."""
