"""How the graph runs: partitions, resources, the I/O manager, publishing with checks, runs.

Nothing here knows what a table means; the stages are in ``assets/``, their logic in other rooms.
"""
