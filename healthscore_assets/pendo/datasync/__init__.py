"""Data Sync: folders of Avro files that Pendo puts into a bucket, a day again once it is final."""
