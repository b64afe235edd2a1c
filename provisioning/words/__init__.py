"""Every sentence that staff and patrons read, by key."""
