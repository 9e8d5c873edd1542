"""Comparison with other programs on the same clip.

`__main__` runs the scripts here and measures them. Each is what somebody would write with one library: those of others
run in an environment of their own and import nothing of this project.
"""
