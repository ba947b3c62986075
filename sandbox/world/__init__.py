"""The simulated world: people, media, chats, accounts, and the ledger of what happened."""
