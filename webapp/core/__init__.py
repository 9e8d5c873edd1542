"""What every app stands on: no models here."""
