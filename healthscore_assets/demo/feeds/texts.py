"""What clients write in tickets and surveys: short, mostly English, some German and French.

Made up, in parts that fit together. `{}` is a feature of the product.
"""

from dataclasses import dataclass

NEGATIVE, NEUTRAL, POSITIVE = range(3)
ENGLISH, GERMAN, FRENCH = "en", "de", "fr"


@dataclass(frozen=True)
class Tone:
    """What one says in one language and one tone: short subjects, first and second sentences."""

    subjects: tuple[str, ...]
    sentences: tuple[str, ...]
    endings: tuple[str, ...]
    words: tuple[str, ...]


TONES: dict[str, tuple[Tone, Tone, Tone]] = {
    ENGLISH: (
        Tone(
            ("{} broken", "{} is down again", "Error in {}", "Still no fix for {}", "{} very slow"),
            (
                "{} crashes whenever we open it.",
                "{} has been unusable since this morning.",
                "We lost an afternoon of work in {}.",
                "{} shows wrong numbers again.",
                "For the third time this month {} does not load.",
                "{} is painfully slow, and nobody tells us why.",
            ),
            (
                "This is unacceptable.",
                "We are very disappointed.",
                "Our team is frustrated and angry.",
                "Please fix it urgently.",
                "Nobody answered our last two tickets.",
                "We are thinking about leaving.",
            ),
            ("Terrible", "Login broken", "Too slow", "Useless"),
        ),
        Tone(
            ("Question about {}", "How to set up {}", "{}: a setting", "Access to {}"),
            (
                "How can we change the order of columns in {}?",
                "We would like to know how {} handles archived projects.",
                "Could you enable {} for two more colleagues?",
                "Where do we find the settings of {}?",
                "Is there a limit to the number of entries in {}?",
            ),
            (
                "There is no hurry.",
                "A link to the documentation is enough.",
                "We use the current version.",
                "Thank you in advance.",
            ),
            ("Help", "New user", "Invoice copy", "Password reset"),
        ),
        Tone(
            ("Thanks for {}", "{} works well", "Great update of {}"),
            (
                "{} saves us hours every week.",
                "The new version of {} is excellent.",
                "Everyone here loves {}.",
                "{} was easy to set up and works perfectly.",
            ),
            (
                "Thank you for the quick help.",
                "Great work.",
                "We are very happy with it.",
                "Please pass this on to the team.",
            ),
            ("Great", "Thanks!", "Love it", "Excellent"),
        ),
    ),
    GERMAN: (
        Tone(
            ("{} funktioniert nicht", "Fehler in {}"),
            ("{} stürzt ständig ab.", "{} ist seit heute Morgen nicht erreichbar."),
            ("Wir sind sehr enttäuscht.", "Das ist so nicht akzeptabel."),
            ("Furchtbar", "Zu langsam"),
        ),
        Tone(
            ("Frage zu {}", "Zugang zu {}"),
            ("Wie können wir {} für weitere Personen freischalten?", "Wo finden wir {}?"),
            ("Es eilt nicht.", "Danke im Voraus."),
            ("Hilfe", "Neuer Benutzer"),
        ),
        Tone(
            ("Danke für {}", "{} gefällt uns"),
            ("{} spart uns jede Woche viel Zeit.", "{} läuft hervorragend."),
            ("Vielen Dank für die schnelle Hilfe.", "Wir sind sehr zufrieden."),
            ("Super", "Danke!"),
        ),
    ),
    FRENCH: (
        Tone(
            ("{} ne marche plus", "Erreur dans {}"),
            ("{} plante sans arrêt.", "{} est inutilisable depuis ce matin."),
            ("Nous sommes très déçus.", "C'est inacceptable."),
            ("Horrible", "Trop lent"),
        ),
        Tone(
            ("Question sur {}", "Accès à {}"),
            ("Comment activer {} pour deux collègues ?", "Où se trouvent les réglages de {} ?"),
            ("Ce n'est pas urgent.", "Merci d'avance."),
            ("Aide", "Nouvel utilisateur"),
        ),
        Tone(
            ("Merci pour {}", "{} nous plaît"),
            ("{} nous fait gagner des heures.", "{} fonctionne parfaitement."),
            ("Merci pour votre aide rapide.", "Nous sommes très satisfaits."),
            ("Parfait", "Merci !"),
        ),
    ),
}
