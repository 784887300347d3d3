"""What a request says: its body, parameters, API key and conditions."""
