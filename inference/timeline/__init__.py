"""Mathematics of timelines: windows to segments, sampling on a grid, agreement, comparison and corrections."""
