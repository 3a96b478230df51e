"""The industry a company's name tells."""

_WORDS = {
    "Education": "Schools",
    "Financial services": "Bank Capital Insurance",
    "Food": "Bakery Fisheries Foods",
    "Health": "Clinics Dental Optics Pharma",
    "Industry": "Builders Energy Paper Robotics Tools Utilities",
    "Media and leisure": "Hotels Media Museums Press Studio Studios Theatre Travel",
    "Professional services": "Law Notaries Surveyors",
    "Retail": "Furniture Garments Motors Retail Textiles",
    "Software": "Analytics Labs Software",
    "Transport": "Freight Logistics Marine Shipping",
}
_INDUSTRY_OF = {word: name for name, words in _WORDS.items() for word in words.split()}


def industry(client_name: str) -> str:
    """By the last word of the name."""
    return _INDUSTRY_OF[client_name.split()[-1]]
