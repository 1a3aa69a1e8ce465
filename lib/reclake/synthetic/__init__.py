"""The demo company: seeded people who browse, buy and leave, with the truth about them written beside."""
