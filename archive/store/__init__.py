"""Object stores: one contract, on disk, in S3 or in memory."""
