"""Guessing an encoding: the right letters for the languages of Europe, and what the error of a stage says about a file."""

import pytest

from decant.data import rawfiles
from decant.data.encodings import guess, likely
from decant.errors import DataError

SENTENCES = {
    "French": ("latin-1", "Très déçu par la livraison, le colis était abîmé à l'arrivée. Où est le garçon gêné ?"),
    "French with an œ": ("cp1252", "Le cœur de l’œuvre, c’est « ça » : 5 € à peine."),
    "Spanish": ("latin-1", "¿Cómo es posible? El niño comió mañana aquí también, qué día más difícil."),
    "Portuguese": ("latin-1", "Não há informações sobre a devolução, você não é obrigado a isso, coração."),
    "German": ("latin-1", "Schöne Grüße aus Köln, die Lieferung kam zu spät."),
    "Danish": ("latin-1", "Rødgrød med fløde på æblerne, håber jeg. Søde venner."),
    "Polish": ("cp1250", "Przesyłka przyszła późno i była uszkodzona, źle się czuję. Żółw, ćma, łódź."),
    "Polish on Unix": (
        "iso8859_2",
        "Przesyłka przyszła późno, źle się czuję, gęś i żółw ścigają łosia, ćma, są tą samą.",
    ),
    "Czech": ("cp1250", "Příliš žluťoučký kůň úpěl ďábelské ódy, to je ale škoda."),
    "Hungarian": ("cp1250", "Árvíztűrő tükörfúrógép, őszinte leszek, jövő hétfőn, köszönöm."),
    "Turkish": ("cp1254", "Kargo çok geç geldi, teşekkürler. Ağaç, ışık, değil, gün."),
    "Lithuanian": ("cp1257", "Siuntinys atėjo vėlai, ačiū. Žmonės, ąžuolas, įdomu, šūkis."),
    "Russian": ("cp1251", "Привет, как дела? Сегодня хорошая погода, и мы идём гулять в парк."),
    "Greek": ("cp1253", "Το δέμα έφτασε αργά και ήταν κατεστραμμένο."),
    "Japanese": ("cp932", "荷物の到着がとても遅くて壊れていました。返金してほしいです。"),
}


@pytest.mark.parametrize(("encoding", "text"), SENTENCES.values(), ids=SENTENCES)
def test_the_letters_of_a_language_say_its_encoding(encoding, text):
    sample = text.encode(encoding)
    assert sample.decode(likely(sample)) == text


def test_western_europe_comes_first_where_nothing_tells_encodings_apart():
    assert likely("Grüße".encode("cp1250")) == "cp1252"
    assert likely("“quoted” and no letter".encode("cp1252")) == "cp1252"


def test_what_a_file_says(tmp_path):
    file = tmp_path / "rows.csv"
    file.write_bytes(b"id,text\n" + b"1,plain\n" * 3 + f"2,{'x' * 200} déçu {'y' * 200}\n".encode("cp1252"))
    found = guess([file])
    assert (found.encoding, found.other, found.utf8, found.zero) == ("cp1252", f"{file}: line 5", "", "")
    assert "x déçu y" in found.reads
    assert len(found.reads) == 70
    file.write_bytes("id,text\n1,déçu\n".encode() + b"2,d\xe9\xe7u\n3,\0\n")
    found = guess([file])
    assert (found.utf8, found.other, found.zero) == (f"{file}: line 2", f"{file}: line 3", ""), (
        "one zero byte is a bad row"
    )
    for text in ("id,text\n1,hello\n", "id,text\n" + "7,这个很好" * 3 + "\n"):
        file.write_bytes(text.encode("utf-16-le"))
        assert guess([file]).zero == f"{file}: line 1"
    file.write_bytes("id,text\n1,déçu\n".encode())
    assert (guess([file]).encoding, guess([file]).other) == (None, "")


FRENCH = "Très déçu, le colis était abîmé"
ADVICE = {
    "another": (
        FRENCH.encode("latin-1"),
        "utf-8",
        "line 2: not utf-8",
        f"it looks like cp1252 (a line reads '1,{FRENCH}'), if so set source.encoding: cp1252; or convert the file",
    ),
    "two": (
        f"{FRENCH}\n2,".encode() + FRENCH.encode("latin-1"),
        "utf-8",
        "line 3: not utf-8",
        "rows.csv: line 2 is UTF-8, and",
    ),
    "UTF-8": (FRENCH.encode(), "ascii", "line 2: not ascii", "every line is UTF-8: take source.encoding out"),
    "UTF-16": (FRENCH.encode("utf-16-le"), "utf-8", "it holds zero bytes, as UTF-16 without its mark does; save it as"),
}


@pytest.mark.parametrize("name", ADVICE)
def test_the_error_about_a_file_says_what_to_do(tmp_path, name):
    content, encoding, *words = ADVICE[name]
    file = tmp_path / "rows.csv"
    file.write_bytes(b"id,text\n1," + content + b"\n")
    with pytest.raises(DataError) as error:
        list(rawfiles.batches(file, "csv", encoding))
    assert [one for one in words if one not in str(error.value)] == [], str(error.value)


def test_a_file_whose_mark_is_wrong_has_to_be_converted(tmp_path):
    file = tmp_path / "rows.csv"
    file.write_bytes(b"\xef\xbb\xbfid,text\n1,caf\xe9\n")
    with pytest.raises(
        DataError, match=r"line 2: not utf-8-sig .*, though its byte order mark says so; convert the file"
    ):
        list(rawfiles.batches(file, "csv"))
