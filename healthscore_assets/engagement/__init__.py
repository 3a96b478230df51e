"""From cleaned usage to client and month: area mapping, audiences, aggregation."""
