"""Whom the business may contact, by which channel and in which order: rules over consents, contacts made and value."""
