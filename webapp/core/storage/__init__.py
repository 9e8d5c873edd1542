"""Where kept files lie: a local folder or a bucket, sealed or not. docs/storage.md says it for the operator."""
