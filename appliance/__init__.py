"""The box in the county library: takes drives in, proves and serves their bytes, shows pages."""
