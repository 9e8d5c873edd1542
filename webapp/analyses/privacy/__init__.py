"""What data protection asks for: export of personal data, expiry, deletion of accounts."""
