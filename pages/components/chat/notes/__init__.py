"""What stands beside texts: where a search was found, what an answer named, what its cache and its model took."""
