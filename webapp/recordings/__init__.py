"""What people sent: recordings and their files."""
