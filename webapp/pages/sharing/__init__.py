"""Pages for sharing recordings, and for visitors with a link."""
