"""Pages of a study: the tabs of a project, on which its data is put in order."""
