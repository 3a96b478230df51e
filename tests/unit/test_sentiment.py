"""Sentiment: which texts are scored, under which hash, by which model."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import pyarrow as pa
import pytest

from healthscore_assets.signals.sentiment.languages import are_english
from healthscore_assets.signals.sentiment.model import open_model
from healthscore_assets.signals.sentiment.refused import ModelRefused
from healthscore_assets.signals.sentiment.scored_texts import scored_texts
from healthscore_assets.signals.sentiment.scores import sentiment_of


class Half:
    """A model that scores every text half, and keeps what it was asked."""

    name = "half"

    def __init__(self, gives: float = 0.5) -> None:
        self.asked: list[str] = []
        self._gives = gives

    def score(self, texts: Sequence[str]) -> list[float]:
        self.asked += texts
        return [self._gives] * len(texts)


def scored(*texts: str | None) -> list[float | None]:
    return sentiment_of(pa.array(texts, pa.string()), Half()).to_pylist()


# The examples and numbers of VADER's own README.
README = {
    "VADER is smart, handsome, and funny.": 0.8316,
    "VADER is smart, handsome, and funny!": 0.8439,
    "VADER is very smart, handsome, and funny.": 0.8545,
    "VADER is VERY SMART, handsome, and FUNNY.": 0.9227,
    "VADER is VERY SMART, handsome, and FUNNY!!!": 0.9342,
    "VADER is VERY SMART, uber handsome, and FRIGGIN FUNNY!!!": 0.9469,
    "VADER is not smart, handsome, nor funny.": -0.7424,
    "The book was good.": 0.4404,
    "At least it isn't a horrible book.": 0.431,
    "The plot was good, but the characters are uncompelling and the dialog is not great.": -0.7042,
    "Make sure you :) or :D today!": 0.8633,
    "Not bad at all": 0.431,
}


def test_vader_scores_as_its_readme_says() -> None:
    found = sentiment_of(pa.array(README), open_model("vader"))
    assert found.type == pa.float64()
    assert dict(zip(README, found.to_pylist(), strict=True)) == README


def test_vader_knows_the_apostrophe_that_phones_write() -> None:
    found = open_model("vader").score(["I don't like this", "I don’t like this"])
    assert found[0] == found[1] < 0


def test_a_pasted_log_is_scored_by_its_beginning() -> None:
    # In full these 4 million characters would take it hours.
    log = "This is a great product. " * 200 + "ERROR failed to open, but retry. " * 120_000
    assert open_model("vader").score([log]) == open_model("vader").score([log[:5_000]])


def test_vader_names_what_its_scores_depend_on() -> None:
    vader, languages = version("vaderSentiment"), version("py3langid")
    assert open_model("vader").name == f"vader-{vader}-texts-1-py3langid-{languages}"


@pytest.mark.parametrize("text", [None, "", "  \n\t ", "\u00a0", "\u200b\n", "> The old text here"])
def test_blank_is_missing_and_has_no_hash(text: str | None) -> None:
    assert scored(text) == [None]
    assert scored_texts(pa.array([text], pa.string())).to_pylist() == [None]


@pytest.mark.parametrize(
    "text",
    [
        "Great support!",
        "Broken",
        "403 500 12:30 ???",
        "Can't login",
        "Thanks 👍👍👍",
        "see https://app.example.com/the/page/that/is/broken",
        "See www.example.com/it-does-not-work",
        "from Anna.Smith+test@mail.example.co.uk please",
        "It works\n> The page is broken again\n  > and nobody has answered us yet",
        "It works\r\n> The page is broken again\r\n",
    ],
)
def test_under_three_words_is_missing_not_neutral(text: str) -> None:
    assert scored(text) == [None]


@pytest.mark.parametrize(
    "text",
    [
        "Great support team!",
        "I can't login",
        "It's not working",
        "See https://app.example.com/page it is broken",
        "Page 3 of the report is > 5 seconds",
    ],
)
def test_three_words_are_scored(text: str) -> None:
    assert scored(text) == [0.5]


def test_what_is_scored() -> None:
    texts = pa.chunked_array(
        [
            ["Not working:\n\n see  <https://a.example/?q=1>,\u00a0please ", None],
            ["Mail me (anna@b.example) soon\n> old\n >> older\nThanks. ", "> old"],
        ],
        pa.string(),
    )
    assert scored_texts(texts).to_pylist() == [
        "Not working: see < >, please",
        None,
        "Mail me ( ) soon Thanks.",
        None,
    ]


def test_distinct_texts_are_scored_once_and_in_their_places() -> None:
    model = Half()
    good, bad = "This is a good page", "This is a bad page"
    texts = [
        good,
        None,
        bad,
        f"{good}\n> quoted",
        "too short",
        f" {good} ",
        bad,
        "Das ist nicht gut",
    ]
    found = sentiment_of(pa.chunked_array([texts[:3], texts[3:]], pa.string()), model)
    assert found.to_pylist() == [0.5, None, 0.5, 0.5, None, 0.5, 0.5, None]
    assert model.asked == [good, bad]


@pytest.mark.parametrize("texts", [[], [None, "ok"]])
def test_without_a_text_to_score(texts: list[str | None]) -> None:
    model = Half()
    found = sentiment_of(pa.array(texts, pa.string()), model)
    assert found.to_pylist() == [None] * len(texts)
    assert (found.type, model.asked) == (pa.float64(), [])


@pytest.mark.parametrize("score", [float("nan"), 1.5, -2.0])
def test_a_score_that_is_none_is_an_error(score: float) -> None:
    with pytest.raises(ValueError, match=r"half gave .* a sentiment is -1 to 1"):
        sentiment_of(pa.array(["This is a good page"]), Half(gives=score))


def test_texts_that_differ_in_quotes_and_spaces_only_are_one_text() -> None:
    texts = ["The page is broken", " The page\nis broken > ", "The  page is broken\n> old", "ü"]
    assert scored_texts(pa.array(texts)).to_pylist() == [
        "The page is broken",
        "The page is broken >",
        "The page is broken",
        "ü",
    ]


# Of the short texts that the rule was measured on.
ENGLISH = """\
SCIM sync error 409 conflict
SAML assertion rejected by IdP
Webhook retries stopped after 503
SSO login loop on Chrome
Stripe payout missing for April
HubSpot contacts import stuck at 80%
Redshift connector keeps dropping
Gantt chart export blank
Kafka consumer lag alert wrong
OAuth token refresh fails silently
Please add Elena Petrova as admin
Access for Jean-Luc Moreau to Project Apollo
Siemens tenant migration question
Rename workspace Berlin to Hamburg
Seats for Volkswagen Group expired
Nestlé wants the audit report
Pivot view does not sort
Sandbox reset please, thanks
Cannot open the shared board
Two users see each other's drafts
The invoice shows the wrong VAT number
Why is my trial already over?
How do we turn off weekly digests?
We were charged twice in May
Our renewal quote went up 40%
Totally useless since the redesign
This release is a huge improvement
Love how quick the search is
The support team was patient and kind
I am very frustrated, nobody replies
Fine for now
Good product, poor documentation
Does the job, nothing more
Easily the best vendor we work with
It crashes whenever I paste a table
Please stop changing the menus
No more crashes since the patch, great work
Still broken on iPad
Cool feature, confusing name
Takes forever to load reports
Our admins can't find the settings anymore
Not worth the price
Thanks Lars, solved!
My team cannot work without it
Sync with Outlook is unreliable
Login ok, dashboard empty
App freeze when I click save button
hi, plz reset my pw
same error as last week, no fix yet
Customer complains about wrong totals
Please escalate, board meeting tomorrow
Training videos are outdated
Nice dashboards but too many clicks
Filters are great, exports are not
Data residency in Frankfurt possible?
Maintenance window was not announced
Unable to delete archived projects
Sluggish on large accounts
Upgrade went well
Feature parity with desktop is missing
Bad gateway errors every Monday
Terrific onboarding by Sofia
I would not recommend it
Overall satisfied with the service
API docs lack examples
Broken links in help center
Column widths reset after refresh
Cancel our contract at the end of June
Super happy, keep it up
Credentials expired for BigQuery connector
""".splitlines()

OTHERS = """\
Die Anmeldung über SSO klappt nicht mehr
Fehler 403 beim SAML Login
Bitte Zugang für Frau Petrova einrichten
Die Auswertung lädt ewig
Super Produkt, weiter so
Leider keine Antwort vom Support
Der Import bleibt bei 80% stehen
Preis ist viel zu hoch
La connexion SSO ne marche plus
Erreur 403 lors du login SAML
Merci d'ajouter Elena comme administratrice
Les rapports mettent une éternité à charger
Excellent produit, continuez ainsi
Aucune réponse du support
El acceso por SSO ya no funciona
Error 403 en login SAML
Por favor agregar a Elena como administradora
Los informes tardan mucho en cargar
Excelente producto, sigan así
Soporte no contesta nunca
Accesso SSO non funziona più
Errore 403 al login SAML
Aggiungere Elena come amministratrice
I report sono lentissimi da caricare
Prodotto eccellente, continuate così
Nessuna risposta dal supporto
Inloggen via SSO werkt niet meer
Foutmelding 403 bij SAML login
Graag Elena toevoegen als beheerder
Rapporten laden heel langzaam
Top product, ga zo door
Geen antwoord van support
Login via SSO não funciona mais
Erro 403 no login SAML
Favor adicionar Elena como administradora
Os relatórios demoram muito para carregar
Excelente produto, continuem assim
Nenhuma resposta do suporte
Inloggning via SSO fungerar inte längre
Fel 403 vid SAML inloggning
Lägg till Elena som administratör
Rapporterna laddar väldigt långsamt
Toppen produkt, fortsätt så
Inget svar från supporten
Logowanie przez SSO nie działa
Błąd 403 przy logowaniu SAML
Proszę dodać Elenę jako administratora
Raporty ładują się bardzo długo
Świetny produkt, tak trzymać
Brak odpowiedzi od supportu
SSO ile giriş artık çalışmıyor
SAML girişinde 403 hatası alıyorum
Lütfen Elena yönetici olarak eklensin
Raporlar çok geç yükleniyor
Harika ürün, böyle devam edin
Destek ekibinden cevap yok
ログイン が できません。 助けて ください
SSO で エラー 403 が 出ます
とても 良い 製品 です
値段、機能、対応 すべて 不満
Prisen er alt for høj
SSO kirjautuminen ei enää toimi
Přihlášení přes SSO nefunguje
Conectarea prin SSO nu merge
Login lewat SSO tidak bisa lagi
A bejelentkezés nem működik
Đăng nhập SSO không được
Вход через SSO не работает
Η σύνδεση SSO δεν λειτουργεί
""".splitlines()


def test_english_is_told_from_other_languages() -> None:
    # Lost is a missing score, taken a wrong one: "die" is a very negative word to VADER.
    lost = [text for text, score in zip(ENGLISH, scored(*ENGLISH), strict=True) if score is None]
    taken = [text for text, score in zip(OTHERS, scored(*OTHERS), strict=True) if score is not None]
    assert len(lost) <= 0.03 * len(ENGLISH), lost
    assert len(taken) <= 0.02 * len(OTHERS), taken


def test_two_sentences_leave_no_doubt() -> None:
    pairs = [f"{one}. {two}" for one, two in zip(ENGLISH[::2], ENGLISH[1::2], strict=True)]
    assert all(are_english(pairs))
    assert not any(are_english(f"{one}. {one}" for one in OTHERS if len(one) > 25))


NEEDED = {
    "config.json": json.dumps({"id2label": {"0": "negative", "1": "neutral", "2": "positive"}}),
    "model.safetensors": "",
    "tokenizer.json": "{}",
}


def folder(path: Path, **changed: str | None) -> str:
    """A folder with the files of a model; those changed to None are not there."""
    for name, content in (
        NEEDED | {key.replace("__", "."): changed[key] for key in changed}
    ).items():
        if content is not None:
            (path / name).write_text(content, encoding="utf-8")
    return str(path)


def refusal(setting: str) -> str:
    with pytest.raises(ModelRefused) as refused:
        open_model(setting)
    message = str(refused.value)
    assert message.startswith(f"sentiment model {setting}: ")
    assert "\n" not in message
    return message


def test_a_model_is_never_fetched_by_its_name() -> None:
    assert "no such folder" in refusal("cardiffnlp/twitter-roberta-base-sentiment-latest")


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"config__json": None}, "has no config.json"),
        ({"config__json": "{"}, "config.json is not JSON"),
        ({"config__json": "[]"}, "config.json is not JSON"),
        ({"model__safetensors": None}, "has no model.safetensors; download"),
        ({"model__safetensors": None, "pytorch_model__bin": ""}, "write it with save_pretrained"),
        ({"tokenizer__json": None}, "has no tokenizer"),
        ({"tokenizer__json": None, "vocab__json": "{}"}, "has no tokenizer"),
    ],
)
def test_a_folder_that_is_no_whole_model(
    tmp_path: Path, changed: dict[str, str | None], what: str
) -> None:
    assert what in refusal(folder(tmp_path, **changed))


@pytest.mark.parametrize(
    "labels",
    [
        None,
        {},
        {"0": "LABEL_0", "1": "LABEL_1"},
        {"0": "LABEL_0", "1": "LABEL_1", "2": "LABEL_2", "3": "LABEL_3"},
        {"0": "negative", "1": "neutral"},
        {"0": "negative", "1": "positive", "2": "positive"},
        {"0": "negative", "2": "positive"},
        {"0": "1 star", "1": "2 stars"},
        {"0": "joy", "1": "anger", "2": "sadness"},
    ],
)
def test_labels_that_tell_no_sentiment(tmp_path: Path, labels: dict[str, str] | None) -> None:
    config = json.dumps({} if labels is None else {"id2label": labels})
    message = refusal(folder(tmp_path, config__json=config))
    assert (", ".join(labels.values()) if labels else "not there") in message


def test_without_the_extra_the_refusal_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "healthscore_assets.signals.sentiment.transformer", False)
    monkeypatch.setitem(sys.modules, "torch", None)
    assert "pip install healthscore-assets[transformer]" in refusal(folder(tmp_path))
