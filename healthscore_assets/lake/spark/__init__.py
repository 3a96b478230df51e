"""Apache Spark, where one machine is too few."""
