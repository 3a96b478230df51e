"""healthscore: fair, explained 0-100 client health scores from raw Pendo usage exports."""

__version__ = "0.1.0"
