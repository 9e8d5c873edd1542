"""What was read from recordings: the queue, the leases of its workers, and the results."""
