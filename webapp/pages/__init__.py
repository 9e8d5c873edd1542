"""The pages: each package holds the views, forms and presenters of one purpose. Someone else's object answers 404."""
