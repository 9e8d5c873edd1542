"""Pages of an account: login, password, second factor, tokens, activity, export and deletion."""
