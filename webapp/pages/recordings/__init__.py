"""Pages of recordings, projects and tags: list, search, upload, bulk actions."""
