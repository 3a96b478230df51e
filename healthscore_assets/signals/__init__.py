"""The other feeds: the account register, tickets, surveys, invoices, touchpoints and the like."""
