"""The pages. Each view asks the services and selectors and fills a template; someone else's object is not found."""
