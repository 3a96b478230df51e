"""Pendo's Aggregation API: the features, and the use of them in a month, as files of the inbox."""
