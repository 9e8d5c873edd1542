"""Who did what when to what: written with each deed, never changed afterwards."""
