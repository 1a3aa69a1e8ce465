"""What somebody with a new export wants to know first: what its files hold, how a source would map them, what it would refuse."""
