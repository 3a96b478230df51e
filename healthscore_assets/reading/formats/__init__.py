"""From the bytes of a delivered file to cells: one module per format, all with the same functions.

``openings`` gives the first rows of each table, ``batches`` its cells, ``text_columns`` those known
to hold more than numbers, ``count`` its rows. `tables` picks the module.
"""
