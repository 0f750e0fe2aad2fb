"""The worker: Faust agents on a batch transport, shards with transactional commits, metrics and health."""
