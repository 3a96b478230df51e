"""Scores in the CRM and the help desk: the rows, each system's file, each system's API."""
