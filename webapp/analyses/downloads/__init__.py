"""Files of analyses, as HTTP responses."""
