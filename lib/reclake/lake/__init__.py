"""The lake: session, schemas, store, ledger, manifest, claims."""
