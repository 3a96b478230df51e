"""The tables that Fivetran makes of Pendo: told by their columns, joined by their ids."""
