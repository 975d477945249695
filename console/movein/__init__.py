"""Moving in from one-api and new-api: people, sub-keys, channels, prices, codes and balances, read from their database."""
