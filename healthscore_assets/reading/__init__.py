"""What every delivered file needs, whatever it tells of: formats, dates, listing, refusals."""
