"""What a resource is: model, records, access gate, checks, catalogue, analysis, codec, search."""
