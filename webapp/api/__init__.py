"""REST, version 1. It only translates: services write, selectors read."""
