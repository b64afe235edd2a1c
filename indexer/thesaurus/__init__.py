"""Words of like meaning: what readers say beside what catalogues say."""
