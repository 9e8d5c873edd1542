"""How long lists, filters and searches take on the server among ten million segments."""
