"""The result of an analysis and the comparison of two: player, tiers, corrections."""
