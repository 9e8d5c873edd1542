"""Statistics of a comparison: from values of participants in conditions to tests, effect sizes and a paragraph.

Nothing here knows Django or the database. SciPy's tests and statsmodels are imported where they are called.
"""
