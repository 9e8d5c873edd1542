"""For the operator: health checks, metrics, backups, encryption and database roles."""
