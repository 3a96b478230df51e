"""The error that taking from a warehouse raises."""


class WarehouseFailed(Exception):
    """Nothing more could be taken from the warehouse; the message is one line, without secrets."""
