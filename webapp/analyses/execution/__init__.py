"""Workers: claiming, running, publishing and recovering analyses."""
