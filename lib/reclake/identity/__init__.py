"""Who is who: links between accounts, and what follows from them."""
