"""Money, shop, codes, payments."""
