"""Keys, pseudonyms, encryption and masking: what keeps people behind silver."""
