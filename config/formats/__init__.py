"""How dates and times are written, by language; a language without a file keeps Django's way."""
