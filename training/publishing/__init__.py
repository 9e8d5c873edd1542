"""What a fit writes into the store, and the report."""
