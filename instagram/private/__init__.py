"""The Private API of one account: aiograpi as Reprise uses it."""
