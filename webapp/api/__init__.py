"""REST interface, version 1. Views translate between HTTP and services, which write, or selectors, which read."""
