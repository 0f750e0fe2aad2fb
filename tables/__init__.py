"""What we remember: keyed state, a write-back cache over RocksDB, its changelog and recovery, the deadline index."""
