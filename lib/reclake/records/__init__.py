"""From a raw record to typed columns and a class: parsed once, with every reason."""
