"""What the operator of an installation needs: is it well, how is it doing, backups."""
