"""The web application: accounts, recordings, analyses, pages and REST."""
