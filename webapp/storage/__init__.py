"""Media files in a local folder or an S3 bucket, encrypted or not. docs/storage.md is the operator's guide."""
