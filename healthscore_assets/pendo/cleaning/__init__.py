"""From the rows of a month's exports to tidy tables, quarantine and sums that add up."""
