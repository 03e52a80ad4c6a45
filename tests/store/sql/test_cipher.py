"""What must not be readable in a copy of the database."""

import pytest

from store.sql.cipher import Cipher, Undecipherable

SECRET = "the secret of this place"


@pytest.mark.parametrize("text", ["", "sk-key", "Grüße 👩‍💻" * 1000])
def test_it_comes_back_as_it_was(text: str) -> None:
    encrypted = Cipher(SECRET, "keys").encrypt(text)
    assert text == "" or text not in encrypted
    assert Cipher(SECRET, "keys").decrypt(encrypted) == text
    assert Cipher(SECRET, "keys").encrypt(text) != encrypted, "nobody sees that it is the same"


@pytest.mark.parametrize(
    ("secret", "purpose"), [("another", "keys"), (SECRET, "second factor"), (SECRET, "")]
)
def test_with_another_secret_or_for_another_purpose_it_is_worthless(
    secret: str, purpose: str
) -> None:
    encrypted = Cipher(SECRET, "keys").encrypt("sk-key")
    with pytest.raises(Undecipherable):
        Cipher(secret, purpose).decrypt(encrypted)


@pytest.mark.parametrize("damaged", ["", "nonsense", "gAAAAAB", "ü"])
def test_what_is_damaged_is_no_text(damaged: str) -> None:
    with pytest.raises(Undecipherable):
        Cipher(SECRET, "keys").decrypt(damaged)
    encrypted = Cipher(SECRET, "keys").encrypt("sk-key")
    with pytest.raises(Undecipherable):
        Cipher(SECRET, "keys").decrypt(encrypted[:-4] + "AAAA")
