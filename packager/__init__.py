"""The builder's side: from a folder of resources to a signed drive."""
