"""What a customer will buy and is worth: models of purchases and spend on grouped histories."""
